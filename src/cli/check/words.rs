//! What `check` says in either language, side by side.

use crate::domain::language::{Words, words};

words! { Words:
    WHAT = "what", "项目";
    FOUND = "found", "结果";
    WHAT_TO_DO = "what to do", "处理";
    OK = "ok", "正常";
    WARN = "warn", "注意";
    FAIL = "FAIL", "失败";
    SUMMARY = "{} ok, {} to look at, {} wrong; next: {}", "正常 {}，注意 {}，失败 {}；下一步：{}";
    SEE_ABOVE = "see what is wrong above", "见上文失败的项目";
    NOTHING_RUNS = "nothing, the daemon runs", "无，守护进程正在运行";

    // The configuration and its folder.
    ENVIRONMENT = "the environment; apps: {}", "环境变量；应用：{}";
    CONFIGURED = "{}; apps: {}", "{}；应用：{}";
    CORRECT_IT = "correct it, or leave it out", "改正，或去掉";
    WILL_BE_MADE = "{} will be made at the first start", "首次启动时创建 {}";
    CANNOT_BE_MADE = "{} is not there and cannot be made", "{} 不存在，且无法创建";
    MAKE_FOLDER = "make the folder and give it to the user that runs verikeep", "创建该目录，并将属主设为运行 verikeep 的用户";
    NO_FOLDER = "{} is no folder", "{} 不是目录";
    MOVE_FILE = "move the file away, or name another data_dir", "移走该文件，或另设 data_dir";
    CANNOT_WRITE = "{} cannot be written to: {}", "{} 无法写入：{}";
    GIVE_FOLDER = "give the folder to the user that runs verikeep, and see that there is room", "将目录属主设为运行 verikeep 的用户，并确认磁盘有余量";
    OPEN_FOLDER = "{} can be used by others (mode {})", "{} 可被其他用户访问（权限 {}）";
    CHMOD = "run chmod 700 {}", "运行 chmod 700 {}";
    CHMOD_FILE = "run chmod 600 {}*", "运行 chmod 600 {}*";
    CAN_WRITE = "{} can be written to", "{} 可写";

    // Where it listens.
    UNREAD = "not looked at, because its configuration is wrong", "未检查：其配置有误";
    CORRECT_FIRST = "correct that first", "先改正配置";
    FREE = "{} is free", "{} 空闲";
    RUNS = "a daemon of verikeep answers there", "verikeep 守护进程在此应答";
    HELD = "another program holds {}", "{} 被其他程序占用";
    NAME_OTHER_OR_STOP = "name another address by {}, or stop that program: `ss -ltnp sport = :{}` names it",
        "用 {} 另设地址，或停掉该程序：`ss -ltnp sport = :{}` 可查出是哪个";
    PORT_ABOVE = "name a port above 1023", "改用 1023 以上的端口";
    OWN_ADDRESS = "name an address of this machine, or 0.0.0.0 or [::] for all of them", "改用本机地址，或以 0.0.0.0、[::] 表示全部地址";
    OTHER_ADDRESS = "name another address", "另设地址";
    CANNOT_LISTEN = "{} cannot be listened on: {}", "无法监听 {}：{}";

    // The shapes of answers.
    NAME_ONE_OF = "name one of: {}", "指定其中之一：{}";
    SHAPES = "verikeep {}, auth {}, {}; names, types and lengths only, no value of any answer", "verikeep {}，auth {}，{}；只有字段名、类型和长度，不含应答中的任何值";
    BY_PROXY = "through a proxy", "经代理";
    DIRECTLY = "directly", "直连";
    NO_ANSWER = "no answer: {}: {}", "没有应答：{}：{}";
    HTTP = "HTTP {}, {} bytes{}, envelope {}, counted as {}", "HTTP {}，{} 字节{}，外层格式 {}，判定为 {}";
    CUT = ", cut off", "（已截断）";
    CODES = "codes: {}", "错误码：{}";
    HEADERS = "headers: {}", "响应头：{}";
    CLOCK = "clock: the provider's less ours is {} s", "时钟：云端减本机为 {} 秒";
    NO_DATE = "clock: it sent no Date", "时钟：响应中没有 Date";
    FIELDS = "fields:", "字段：";
    MORE = "  and {} more", "  另有 {} 个";
    UNKNOWN_FIELDS = "unknown fields: {}", "文档未说明的字段：{}";
    MISSING_FIELDS = "documented, and missing: {}", "文档必有而缺少的字段：{}";
    ABSENT_FIELDS = "documented as optional, and missing: {}", "文档可选而缺少的字段：{}";
    NONE = "none", "无";

    // The channels.
    CHANNEL_READY = "can be used; nothing was sent", "可用；未发送任何消息";
    CHANNEL_UNREADY = "cannot be used: {}", "不可用：{}";
    CORRECT_CHANNEL = "correct it in the configuration; `verikeep notify test --all` tries the channels",
        "改正配置中的该项；`verikeep notify test --all` 可逐个试发";

    // The database.
    EMPTY = "empty; `verikeep migrate` or the first `verikeep run` makes the tables", "空库；`verikeep migrate` 或首次 `verikeep run` 会建表";
    OLD_SCHEMA = "its schema has version {}, this program needs {}", "表结构版本为 {}，本程序需要 {}";
    MIGRATE = "`verikeep migrate`, or `verikeep run` without --no-migrate, brings it up to date", "用 `verikeep migrate` 或不带 --no-migrate 的 `verikeep run` 升级";
    REACHED = "reached, {}", "可访问，{}";
    REACHED_SCHEMA = "reached, schema version {}", "可访问，表结构版本 {}";

    // What belongs together.
    NOT_COMPARED = "database and vault cannot be compared: {}", "无法比对数据库与对象存储：{}";
    VAULT_URL = "see that vault.url is right", "确认 vault.url 正确";
    JOINED = "database, vault and index key belong together ({})", "数据库、对象存储与索引密钥互相匹配（{}）";
    WILL_JOIN = "database and vault will be joined at the first start", "首次启动时将数据库与对象存储绑定";

    // The object store.
    WRITTEN = "written, read back, compared", "已写入、读回并比对";
    REPLACES = "replaces objects without a word although asked to create only", "要求“仅新建”时仍会静默覆盖对象";
    NO_CREATE_ONLY = "does not know create-only requests", "不支持“仅新建”请求";
    REFUSES_OVERWRITE = "refuses to overwrite", "拒绝覆盖";
    NO_NEED = "nothing need be done; versioning or object lock of the bucket guard it better", "可不处理；开启存储桶的版本控制或对象锁更稳妥";
    CREATE_ONLY_OFF = "set vault.create_only = \"off\" or \"probe\"", "设置 vault.create_only = \"off\" 或 \"probe\"";
    NO_DELETE = "refuses to delete", "拒绝删除";
    WRITE_ONCE = "fine for a write-once bucket; the object under probe/ stays", "一次写入的存储桶属正常；probe/ 下的对象会留下";
    FOLDER_OPEN = "other users of this machine can enter its folder", "本机其他用户可进入其目录";
    CHMOD_VAULT = "chmod 700 the folder named by vault.url", "对 vault.url 所指目录执行 chmod 700";
    OBJECTS_OPEN = "other users of this machine could read objects, or enter folders, of an earlier time", "本机其他用户可读取早先的对象，或进入早先的目录";
    CHMOD_OBJECTS = "chmod -R go= the folder named by vault.url", "对 vault.url 所指目录执行 chmod -R go=";

    // The provider.
    ENDS_SOON = "access_token granted, and it ends at {} already", "已获取 access_token，但 {} 就到期";
    REAL_PROVIDER = "see whether this is the real provider", "确认对端确实是百度";
    GRANTED = "access_token granted until {}", "已获取 access_token，有效期至 {}";
    ACCEPTED = "credentials accepted", "凭据有效";
    NO_SCOPE = "the access_token names no permission for face verification (brain_solution_faceprint)", "access_token 不含人脸实名认证权限（brain_solution_faceprint）";
    SWITCH_ON = "switch the H5 face verification on for this app in the provider's console", "在百度智能云控制台为该应用开通 H5 人脸实名认证";
    APART = "the clocks are {} apart", "两边时钟相差 {}";
    SET_CLOCK = "set this machine's clock (NTP): deadlines and signatures depend on it", "校准本机时钟（NTP）：期限和签名都依赖它";
    AGREE = "its clock and ours agree", "其时钟与本机一致";
    NO_TIME = "it told no time, so that the clocks could not be compared", "对端未返回时间，无法比对时钟";
    KEEP_CLOCK = "see that this machine's clock is kept right (NTP)", "确认本机时钟有 NTP 同步";
    PROVIDER_BEHIND = "the provider's clock is {} behind ours", "云端时钟比本机慢 {}";
    PROVIDER_AHEAD = "the provider's clock is {} ahead of ours", "云端时钟比本机快 {}";
    DATABASE_BEHIND = "the database's clock is {} behind ours", "数据库时钟比本机慢 {}";
    DATABASE_AHEAD = "the database's clock is {} ahead of ours", "数据库时钟比本机快 {}";
    KEEP_CLOCKS = "keep the clocks right (NTP): deadlines are reckoned with them", "保持时钟准确（NTP）：期限据此计算";
}

#[cfg(test)]
mod tests {
    #[test]
    fn everything_is_said_in_both_languages_and_filled_in_alike() {
        crate::cli::words::tests::are_alike(super::ALL);
    }
}
