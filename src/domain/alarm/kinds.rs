//! The table of kinds: whom each threatens, what ends it, and the entry of the runbook in both
//! languages.

use super::{Ends, Scope, Severity};
use crate::domain::{language::Words, loss::Cause};

/// What a person has to know of a kind: the entry of the runbook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it tells of, a sentence.
    pub means: Words,
    /// What is at stake while it lasts.
    pub threatens: Words,
    /// The command to begin with; words in capitals stand for what the alarm names.
    pub first: &'static str,
    /// What a person should do.
    pub todo: Words,
    /// What would make it worse.
    pub avoid: Words,
}

macro_rules! kinds {
    ($(
        $kind:ident = $name:literal, $severity:ident, $scope:ident, $ends:expr, $first:literal;
        means: $means:literal, $means_zh:literal;
        threatens: $threatens:literal, $threatens_zh:literal;
        todo: $todo:literal, $todo_zh:literal;
        avoid: $avoid:literal, $avoid_zh:literal;
    )+) => {
        /// The kinds of alarm. One of a kind and subject is open at a time.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Kind {
            $(#[doc = $means] $kind,)+
        }

        impl Kind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$kind),+];

            /// The name in tables and metrics.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }

            /// Whom it threatens.
            #[must_use]
            pub const fn scope(self) -> Scope {
                match self {
                    $(Self::$kind => Scope::$scope,)+
                }
            }

            /// How soon somebody should look.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self {
                    $(Self::$kind => Severity::$severity,)+
                }
            }

            /// What ends it.
            #[must_use]
            pub const fn ends(self) -> Ends {
                match self {
                    $(Self::$kind => $ends,)+
                }
            }

            /// What a person has to know of it.
            #[must_use]
            pub const fn entry(self) -> Entry {
                match self {
                    $(Self::$kind => Entry {
                        means: Words::new($means, $means_zh),
                        threatens: Words::new($threatens, $threatens_zh),
                        first: $first,
                        todo: Words::new($todo, $todo_zh),
                        avoid: Words::new($avoid, $avoid_zh),
                    },)+
                }
            }
        }
    };
}

kinds! {
    Loss = "loss", Critical, Past, Ends::Acknowledged, "verikeep losses";
    means: "Something was lost, and nobody has taken note of it: one an app and cause.",
        "有内容已经丢失，尚无人确认（每个应用、每种原因一条告警）。";
    threatens: "nothing further by itself; while its cause lasts, more is lost",
        "已丢的不会牵连其他内容；但原因不消除，还会继续丢失";
    todo: "`verikeep losses` says what and why; see that the cause is over, then `verikeep losses ack` takes note of it",
        "`verikeep losses` 列出丢了什么、为什么；先确认原因已消除，再用 `verikeep losses ack` 确认";
    avoid: "do not acknowledge before whoever owns the business knows: a person can be asked to verify anew, what the provider has forgotten cannot be had again",
        "业务方知情之前不要确认：可以请用户重新核验，但云端已删除的内容无法找回";

    TooFast = "too_fast", Warning, App, Ends::Answered, "verikeep status";
    means: "Code 18 lasts: quota or billing.",
        "错误码 18 持续出现：QPS 超限，或接口没有付费额度。";
    threatens: "calls of the app get through now and then or not at all; videos and liveness images go first, a day after the verification, the rest after three days",
        "该应用的调用时通时断，甚至完全不通；核验满 1 天先丢视频和活体图片，满 3 天丢其余内容";
    todo: "look at quota and billing in the provider's console, and see that apps.qps is what was bought",
        "在百度智能云控制台查看配额与计费（人脸实名认证 V4、人脸对比 V4 是否已付费），并核对 apps.qps 与所购 QPS 一致";
    avoid: "do not set apps.qps above what was bought: the QPS of an account is shared by all its apps, and what is refused is asked again",
        "不要把 apps.qps 调到所购数值以上：QPS 由账号下全部应用共用，被拒绝的调用还得重试";

    Quota = "quota", Critical, App, Ends::Answered, "verikeep status";
    means: "The daily or total quota is spent.",
        "每日或总调用量配额已用完（错误码 17、19）。";
    threatens: "the app is left alone but for a trial now and then; the daily quota comes back at midnight Beijing time, the total one only when it is raised",
        "该应用暂停调用，只偶尔试探一次；每日配额在北京时间 0 点恢复，总配额须提额才恢复";
    todo: "have the quota raised in the provider's console; asking goes on by itself",
        "在控制台提升配额或购买调用量；恢复后自动继续查询";
    avoid: "do not restart the daemon to hurry it: what is due stands in the database and is asked by itself, the least time left first",
        "不要指望重启能加快：待办都在数据库里，恢复后自动查询，剩余时间最少的先做";

    Credentials = "credentials", Critical, App, Ends::Answered, "verikeep check";
    means: "Credentials are refused.",
        "凭据被拒绝（API Key、Secret Key 或 access_token）。";
    threatens: "no call of the app is answered: what is open of it is lost when its time is over",
        "该应用的调用都得不到结果：期限一到，未完成的内容即丢失";
    todo: "compare api_key and secret_key with the provider's console, then restart; `verikeep check` tries them",
        "与控制台核对 api_key、secret_key，改正后重启；`verikeep check` 会实际获取 access_token";
    avoid: "do not delete the app in the console, and do not put another app's keys in its place: a verify_token answers only to the app that generated it",
        "不要在控制台删除该应用，也不要换成另一个应用的密钥：verify_token 只能由签发它的应用查询";

    Forbidden = "forbidden", Critical, App, Ends::Answered, "verikeep check";
    means: "Calls are refused for their permission, signature or clock.",
        "因权限、签名或时钟被拒绝（错误码 6、14）。";
    threatens: "no call of the app is answered: what is open of it is lost when its time is over",
        "该应用的调用都得不到结果：期限一到，未完成的内容即丢失";
    todo: "see that the app has face verification switched on and that this machine's clock is right; `verikeep check` looks at both",
        "确认该应用已开通人脸实名认证，且本机时钟准确；`verikeep check` 两项都查";
    avoid: "do not switch the permission off and on again while you wait: it takes about an hour to take effect",
        "权限开通后约 1 小时才生效，其间不要反复开关";

    Misconfigured = "misconfigured", Critical, App, Ends::Answered, "verikeep check";
    means: "A request or the configuration is wrong.",
        "请求参数或配置有误。";
    threatens: "the tokens concerned wait for a person; nothing is dropped, and their time runs on",
        "相关 token 等待人工处理；不会丢弃，但剩余时间照常减少";
    todo: "`verikeep check` shows the configuration at fault; correct it, then restart",
        "`verikeep check` 指出有误的配置；改正后重启";
    avoid: "do not take an app out of the configuration while tokens of it are open: nobody could ask for them any more",
        "仍有未完成的 token 时，不要从配置中删去该应用：否则再也无法查询";

    WrongApp = "wrong_app", Warning, Verification, Ends::Assigned, "verikeep show VERIFICATION_ID";
    means: "A token is refused and another app knows it.",
        "token 在登记的应用下被拒绝，而另一个已配置的应用查得到它。";
    threatens: "the verification is lost with all its media unless it is assigned in time",
        "不及时改派，该次核验及其全部媒体都会丢失";
    todo: "assign it with `verikeep retry TOKEN --app NAME` before the provider forgets it",
        "在云端删除之前改派：`verikeep retry TOKEN --app NAME`";
    avoid: "do not stop at correcting whoever told it: this token wants `verikeep retry` all the same",
        "不要只纠正登记方：这个 token 本身仍须 `verikeep retry`";

    UnknownTokens = "unknown_tokens", Warning, Past, Ends::Usual, "verikeep list --app APP --since 2d --json";
    means: "Suddenly many tokens of an app were never seen to exist.",
        "某应用始终查不到的 token 突然增多。";
    threatens: "nothing that is open; where tokens were mistyped, the real ones may never have been tracked and are lost without a trace here",
        "不影响未完成的核验；但如果是 token 写错，真正的 token 可能从未登记，到期就会丢失，而且这里查不到任何痕迹";
    todo: "compare with your own list (`verikeep reconcile`) and see who tells them (`tracked_by` in `verikeep list --json`)",
        "与业务自己的清单比对（`verikeep reconcile`），并查看是谁登记的（`verikeep list --json` 里的 `tracked_by`）";
    avoid: "do not take it for noise: somebody invents tokens, or a client tells wrong ones",
        "不要当成误报：要么有人伪造 token，要么有客户端登记错了";

    FailureRate = "failure_rate", Warning, App, Ends::Usual, "verikeep alarms";
    means: "Suddenly many attempts of an app fail.",
        "某应用的核验失败率突然升高。";
    threatens: "nothing that is open; persons may be kept out by a page that is broken, or somebody tries out faces and names",
        "不影响未完成的核验；可能是页面故障导致用户无法通过，也可能有人在批量试探人脸和身份";
    todo: "run the query that the alarm names, and look for the code that most rows have: one code is mostly a fault of the page or of a release, many codes are mostly an attack; [alarms] in the configuration says what is too much",
        "执行告警给出的查询，看哪个错误码最多：集中在一个错误码，多半是页面或发版问题；分散在多个，多半是攻击；阈值见配置中的 [alarms]";
    avoid: "do not raise the threshold before you know the reason: the next one would not be told",
        "查明原因之前不要调高阈值：否则下一次不会告警";

    Risk = "risk", Critical, App, Ends::Quiet, "verikeep alarms";
    means: "The provider's risk control speaks of attempts of an app.",
        "某应用的核验被百度风控标记为有风险。";
    threatens: "nothing that is open; somebody may have passed with a picture, a video or a camera that was taken over",
        "不影响未完成的核验；可能有人用照片、视频或被劫持的摄像头通过了核验";
    todo: "run the query that the alarm names, look at the videos with `verikeep show` and `verikeep get`, and stop in your business what these persons were let do",
        "执行告警给出的查询，用 `verikeep show`、`verikeep get` 查看视频，并在业务侧停掉已对这些用户放行的操作";
    avoid: "do not take an attempt that passed for a proof while its risk_level is 1 or 2",
        "risk_level 为 1 或 2 时，即使通过也不要当作凭证";

    Volume = "volume", Warning, App, Ends::Usual, "verikeep list --app APP --since 2h --json";
    means: "Far more or far fewer tokens of an app are told than usual.",
        "某应用登记的 token 远多于或远少于平时。";
    threatens: "where fewer are told than there are, the others are lost without a trace here; more may want a higher quota",
        "变少：若有 token 漏登记，到期就会丢失，而且这里查不到任何痕迹；变多：配额可能不够";
    todo: "compare with your own list (`verikeep reconcile`), and see whether the business did something: a campaign, a holiday, a release",
        "与业务自己的清单比对（`verikeep reconcile`），并确认业务是否有活动、节假日或发版";
    avoid: "do not take fewer for a quiet hour before the lists agree: a client that no longer tells looks the same",
        "清单核对一致之前，不要把变少当成业务低谷：客户端停止登记时，看起来一模一样";

    NoTokens = "no_tokens", Warning, App, Ends::Usual, "verikeep list --app APP --since 2d --json";
    means: "No token of an app is told in working hours.",
        "某应用在工作时间内没有登记任何 token。";
    threatens: "tokens that are generated and not told are lost without a trace here",
        "已生成却没有登记的 token 到期就会丢失，而且这里查不到任何痕迹";
    todo: "see that whoever tells tokens runs and is let in (`verikeep key list`), then compare with your own list (`verikeep reconcile`)",
        "确认登记方在运行、密钥有效（`verikeep key list`），再与业务自己的清单比对（`verikeep reconcile`）";
    avoid: "do not wait for the next day: what is told after the provider has forgotten it is lost",
        "不要拖到第二天：等云端删除之后再登记，就已经丢了";

    ForbiddenHost = "forbidden_host", Warning, App, Ends::Fetched(&[Cause::ForbiddenHost]), "verikeep alarms";
    means: "A medium's URL leads where we do not go.",
        "媒体 URL 指向不允许访问的主机。";
    threatens: "media of the app are not fetched; they are tried again until the provider has forgotten them, then they are lost",
        "该应用的相关媒体暂不下载；会一直重试到云端删除为止，届时仍未放行就会丢失";
    todo: "if the host is the provider's, add it to apps.media_hosts; otherwise tell the provider",
        "主机若确属百度，加入 apps.media_hosts；否则向百度智能云提交工单";
    avoid: "do not allow all hosts or a private address to be rid of it: these URLs come from outside",
        "不要为消除告警而放行所有主机或内网地址：这些 URL 来自外部";

    CorruptDownloads = "corrupt_downloads", Warning, App, Ends::Fetched(&[Cause::Corrupt, Cause::NotMedia]), "verikeep alarms";
    means: "Media fail their checks again and again.",
        "媒体反复校验失败。";
    threatens: "media of the app come short, changed, or as something else; they are tried again until the provider has forgotten them, videos after a day",
        "该应用的媒体残缺、被改动或根本不是媒体；一直重试到云端删除为止，视频只保留 1 天";
    todo: "see what lies between this machine and apps.media_hosts (a proxy, a filter); `verikeep show` and `verikeep get` have what came instead",
        "检查本机与 apps.media_hosts 之间的代理、过滤设备；`verikeep show` 和 `verikeep get` 可看到实际收到的内容";
    avoid: "do not let a filter rewrite, scan or shorten what these hosts send: have it passed on untouched",
        "不要让过滤设备改写、扫描或截断这些主机的应答：应原样放行";

    ProviderDown = "provider_down", Critical, App, Ends::Answered, "verikeep check";
    means: "The provider cannot be reached.",
        "连不上百度智能云的接口。";
    threatens: "nothing of the app is asked; an outage of a day costs videos and liveness images, one of three days all that it covers",
        "该应用无法查询；中断 1 天会失去视频和活体图片，中断 3 天会失去期间的全部内容";
    todo: "see that the network lets calls to base_url through; work goes on by itself, the least time left first",
        "确认网络放行对 base_url 的访问（代理、防火墙、DNS）；恢复后自动继续，剩余时间最少的先做";
    avoid: "do not stop the daemon until it is over: it tries by itself, and nobody else does",
        "不要停掉守护进程等恢复：它会自动重试，停掉就没有人再试了";

    VaultDown = "vault_down", Critical, Service, Ends::Seen, "verikeep check";
    means: "Objects cannot be written.",
        "对象存储无法写入。";
    threatens: "media and large answers cannot be kept, videos are lost first, after a day; attempts and small answers are written all the same",
        "媒体和较大的应答无法保存，视频最先丢失（1 天后）；核验记录和较小的应答照常写入";
    todo: "see that the object store runs and accepts writes (`verikeep check` tries); work goes on by itself",
        "确认对象存储在运行且可写（`verikeep check` 会实际写入）；恢复后自动继续";
    avoid: "do not point vault.url elsewhere meanwhile: the rows name objects that lie where they were",
        "不要临时把 vault.url 指向别处：已有记录所指的对象仍在原处";

    DatabaseDown = "database_down", Critical, Service, Ends::Seen, "verikeep check";
    means: "The database cannot be written.",
        "数据库无法写入。";
    threatens: "nothing can be tracked or recorded; callers of the API get 503 and have to come again",
        "无法登记，也无法记录；API 调用方收到 503，须稍后重试";
    todo: "see that the database runs and accepts writes; work goes on by itself",
        "确认数据库在运行且可写；恢复后自动继续";
    avoid: "do not put an empty database in its place: the tokens that are open stand in this one alone",
        "不要换一个空库顶替：未完成的 token 只在原来的库里";

    DatabaseBroken = "database_broken", Critical, Service, Ends::Seen, "verikeep check";
    means: "The database answers, and cannot be used.",
        "数据库有应答，但无法使用。";
    threatens: "nothing can be relied on to be tracked or recorded until it is whole, and the provider forgets on",
        "数据库修好之前，登记和记录都不可靠，而云端照常到期删除";
    todo: "`verikeep check` names what is wrong; undo what changed it by hand, or restore a backup; work goes on by itself once it is whole",
        "`verikeep check` 指出问题所在；撤销手工改动，或从备份恢复；修好后自动继续";
    avoid: "do not drop or empty anything before a copy of the database as it is lies elsewhere",
        "在别处留好现状的副本之前，不要删除或清空任何东西";

    DaemonDown = "daemon_down", Critical, Service, Ends::Seen, "verikeep losses --cause daemon_down";
    means: "No daemon ran for a while.",
        "有一段时间没有守护进程运行。";
    threatens: "what the provider forgot while nobody asked; the rest is fetched now, the least time left first",
        "停机期间云端已删除的内容已经丢失；其余内容正在补取，剩余时间最少的先做";
    todo: "see why it ended (`journalctl -u verikeep`, the pod's events); what was lost meanwhile stands in `verikeep losses`",
        "查明退出原因（`journalctl -u verikeep`、Pod 事件）；期间丢失的内容见 `verikeep losses`";
    avoid: "do not leave it to a shell: have systemd or Kubernetes start it again by itself (`deploy/`)",
        "不要在终端里手工运行了事：交给 systemd 或 Kubernetes 自动拉起（见 `deploy/`）";

    DiskFull = "disk_full", Critical, Service, Ends::Seen, "verikeep status";
    means: "A file system has little room: nothing new is begun.",
        "磁盘剩余空间不足：不再开始新的工作。";
    threatens: "nothing is asked or downloaded, while the provider forgets on",
        "不再查询和下载，而云端照常到期删除";
    todo: "make room, or lower limits.free_bytes_min; work goes on by itself",
        "腾出空间，或调低 limits.free_bytes_min；之后自动继续";
    avoid: "do not delete files of data_dir to make room: each may be the only copy there is (`verikeep orphans` finds what no row names)",
        "不要为腾空间而删除 data_dir 里的文件：每个都可能是唯一的副本（`verikeep orphans` 列出没有记录指向的对象）";

    FewDescriptors = "few_descriptors", Warning, Service, Ends::Seen, "verikeep alarms";
    means: "The process may open few files or connections.",
        "进程可打开的文件和连接太少。";
    threatens: "fewer steps run at once: work is slower, and a backlog may not be done in time",
        "并发的步骤变少：处理变慢，积压的可能来不及";
    todo: "raise the limit of open files (LimitNOFILE in systemd, `ulimit -n`)",
        "提高打开文件数上限（systemd 的 LimitNOFILE、`ulimit -n`）";
    avoid: "do not raise it in a shell of your own alone: the limit that counts is that of the service",
        "不要只在自己的终端里调高：起作用的是服务进程的上限";

    ClockSkew = "clock_skew", Warning, Service, Ends::Seen, "verikeep check";
    means: "The machine's clock is apart from the provider's.",
        "本机时钟与百度云端不一致。";
    threatens: "times in logs and what commands reckon from now; deadlines are kept, as the daemon goes by the provider's time",
        "日志里的时间、命令按当前时间推算的结果会不准；期限不受影响，守护进程以百度云端的时间为准";
    todo: "have this machine's clock synchronised (`timedatectl`, `chronyc tracking`); the daemon goes by the provider's time meanwhile, commands and logs do not",
        "让本机时钟同步（`timedatectl`、`chronyc tracking`）；在此之前，守护进程以百度云端的时间为准，命令和日志仍用本机时钟";
    avoid: "do not set it by hand and leave it there: without synchronisation it drifts off again",
        "不要手工改完了事：不启用时间同步还会偏离";

    Panic = "panic", Critical, Service, Ends::Seen, "verikeep alarms";
    means: "A part of the program broke off where it must not.",
        "程序的某一部分异常中断（panic）。";
    threatens: "what that part was working on waits or is tried again; the rest goes on",
        "这部分手头的工作会等待或重试；其余照常进行";
    todo: "a defect of Verikeep: tell us the log line \"panicked\" with the place it names; what can go on goes on",
        "这是 Verikeep 的缺陷：请把日志中含 \"panicked\" 的那一行（里面有出错位置）发给我们；能继续的会继续";
    avoid: "do not let the log be rotated away before that line is kept",
        "保存那一行之前，不要让日志被轮转掉";

    KeyLimit = "key_limit", Warning, Service, Ends::Seen, "verikeep key list";
    means: "A key of the API is refused at a limit of its own.",
        "某个 API 密钥达到自身限额，被拒绝。";
    threatens: "tokens that were refused are not tracked: those that nobody tells again are lost without a trace here",
        "被拒绝的 token 没有登记：若不再上报，到期就会丢失，而且这里查不到任何痕迹";
    todo: "see who uses it (`verikeep key list`): revoke one that is stolen or runs wild, and make one with a higher --rate, --tokens-a-day or --issues-a-day where the need is real; then track what was refused (`verikeep reconcile`)",
        "查看是谁在用（`verikeep key list`）：被盗或失控的就吊销，确实需要的就用更大的 --rate、--tokens-a-day 或 --issues-a-day 另建一个；然后比对并补登被拒绝的 token（`verikeep reconcile`）";
    avoid: "do not revoke a key in good hands before its client has the next one: it could tell nothing meanwhile",
        "密钥若没有被盗，先让客户端换上新的再吊销：否则其间无法登记";

    Delivery = "delivery", Warning, Past, Ends::Seen, "verikeep notify test CHANNEL";
    means: "Messages of a channel do not go out.",
        "某个通知渠道的消息发不出去。";
    threatens: "nothing is lost by it; but whoever relies on this channel hears of nothing",
        "数据本身不受影响，但依赖该渠道的人收不到任何告警";
    todo: "see the reason in `verikeep alarms`, mend the robot, the mail server or its password, and try it with `verikeep notify test CHANNEL`; what was not told is told then",
        "用 `verikeep alarms` 查看原因，修复机器人、邮件服务器或其密码，再用 `verikeep notify test CHANNEL` 验证；未发出的消息恢复后会补发";
    avoid: "do not take the channel out of the configuration to silence it: nobody would be told any more",
        "不要为了消除告警而从配置中删去该渠道：那样就再也没有人收到通知";

    Damaged = "damaged", Critical, Past, Ends::Acknowledged, "verikeep verify";
    means: "What was archived is no longer as it was captured: one a finding of `verikeep verify`.",
        "已归档的内容与采集时不再一致（`verikeep verify` 的每种发现一条告警）。";
    threatens: "nothing that is open; what is damaged may be the only copy there is",
        "不影响未完成的核验；但受损的内容可能是唯一的副本";
    todo: "`verikeep verify` lists everything it finds; look whether the disk or the bucket loses bytes or somebody wrote to it, and put back what a backup still has, under the same object key; then acknowledge the alarm",
        "用 `verikeep verify` 列出全部发现；查明是磁盘或存储桶丢了数据，还是有人动过；备份里还有的，按原对象键放回；然后确认告警";
    avoid: "do not run `verikeep orphans remove`, and do not track the tokens anew: rows and objects are what shows what was there",
        "不要运行 `verikeep orphans remove`，也不要重新登记这些 token：要靠现有的记录和对象才能看出原来有什么";

    Poison = "poison", Warning, Verification, Ends::Settled, "verikeep show VERIFICATION_ID";
    means: "A step dies again and again.",
        "某个步骤反复中断，无法完成。";
    threatens: "what is still missing of the verification is lost when its time is over",
        "期限一到，该次核验尚未取到的内容即丢失";
    todo: "`verikeep show` it, and tell us what is odd about it",
        "用 `verikeep show` 查看，并把异常之处告诉我们";
    avoid: "do not remove its rows: what is odd about them is what has to be seen",
        "不要删除它的记录：要看的正是其中的异常";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_name_of_its_own_and_an_entry_in_both_languages() {
        let names: std::collections::BTreeSet<&str> =
            Kind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), Kind::ALL.len());
        for kind in Kind::ALL {
            assert_eq!(Kind::named(kind.name()), Some(*kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
            let entry = kind.entry();
            assert!(entry.means.en.ends_with('.') && entry.means.zh.ends_with('。'));
            assert!(!entry.first.is_empty(), "{}", kind.name());
            for (label, words) in [
                ("means", entry.means),
                ("threatens", entry.threatens),
                ("todo", entry.todo),
                ("avoid", entry.avoid),
            ] {
                let label = format!("{}: {label}", kind.name());
                crate::domain::language::tests::stands_in_both(&label, words);
            }
        }
    }
}
