//! The ways out of what goes wrong with database, object store, provider, output and the daemon that
//! is asked, in either language side by side.

use crate::domain::language::{Words, words};

words! { Words:
    DATABASE_RUNS = "see that it runs and that database.url is right", "确认它在运行，且 database.url 正确";
    RIGHT_DATABASE = "see that database.url names the right one; if it does, restore a backup of it", "确认 database.url 指向正确的库；若无误，从备份恢复";
    TRY_AGAIN = "try again", "再试一次";
    RESTORE_BESIDE = "keep a copy of it and restore a backup beside it", "保留现状副本，另行从备份恢复";
    RESTORE = "keep a copy of it and restore a backup", "保留现状副本，并从备份恢复";
    VAULT_RUNS = "see that it runs and that vault.url and vault.options are right", "确认它在运行，且 vault.url、vault.options 正确";
    VAULT_FULL = "make room, or name a place that has some by vault.url", "腾出空间，或用 vault.url 另设有余量的位置";
    VAULT_DENIED = "see that its credentials (vault.options, the environment) may read and write, or who owns the folder", "确认其凭据（vault.options、环境变量）可读可写，或检查目录属主";
    VAULT_CONFIG = "correct [vault] in the configuration as it says", "按提示改正配置中的 [vault]";
    COMPARE = "keep it as it is and compare with a backup", "保持原样，与备份比对";
    BASE_URL = "see that base_url is right and that the network lets it through; otherwise try again later", "确认 base_url 正确且网络放行；否则稍后再试";
    QUOTA = "try again later; look at quota and billing in the provider's console", "稍后再试；在百度智能云控制台查看配额与计费";
    AGAIN = "tell it rightly and run the same command again", "改正后重新运行同一命令";
    NOTHING_DONE = "nothing was done; tell it rightly and run the same command again", "未执行任何操作；改正后重新运行同一命令";
    FAULT = "this is a fault of verikeep: report it", "这是 verikeep 的缺陷：请反馈";
    LATER = "try again later", "稍后再试";
    DAEMON_RUNS = "see that it runs and that --url (VERIKEEP_URL) is right; the same command can be run again, what was taken already is only found known",
        "确认它在运行，且 --url（VERIKEEP_URL）正确；同一命令可重复运行，已登记的只会显示为已知";
    DAEMON_URL = "name the address of its http.listen, or of the proxy in front, by --url (VERIKEEP_URL), without /v1",
        "用 --url（VERIKEEP_URL）写明其 http.listen 或前置代理的地址，不带 /v1";
    NAMES = "`verikeep list` shows what there is", "`verikeep list` 列出现有的内容";
    MAKE_KEY = "`verikeep key create` on the daemon's host makes one with the scopes and apps that are wanted",
        "在守护进程所在主机上用 `verikeep key create` 生成具备所需 scope 和应用的密钥";
    OUTPUT_ROOM = "see that there is room where it is written to", "确认写入的位置有余量";
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_way_out_is_told_in_both_languages() {
        crate::cli::words::tests::are_alike(super::ALL);
    }
}
