//! Parse, run, exit code; nothing else.

fn main() -> std::process::ExitCode {
    verikeep::cli::main()
}
