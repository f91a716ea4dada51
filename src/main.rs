//! Modes, parse, run, exit code; nothing else.

fn main() -> std::process::ExitCode {
    // Whatever is written is for its owner alone, whoever writes it: objects are made by a library
    // that has no say in their modes.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    verikeep::cli::main()
}
