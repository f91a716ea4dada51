//! What findings say, in Chinese: by the English text, as `gettext` has it. `{}` stands for whatever is
//! filled in there, `{t}` for a text that stands in the table itself. Where the table lacks a text, the
//! English one is told; the tests of the configuration fail then.

macro_rules! table {
    ($($en:literal = $zh:literal;)+) => { const TABLE: &[(&str, &str)] = &[$(($en, $zh)),+]; };
}

table! {
    // Kinds of values.
    "a duration in quotes, such as \"90s\", \"2h\" or \"3d\"" = "带引号的时长，例如 \"90s\"、\"2h\" 或 \"3d\"";
    "a list of tables: one [[apps]] section for each app" = "表的列表：每个应用写一节 [[apps]]";
    "a list of tables: one [[notify]] section for each channel" = "表的列表：每个渠道写一节 [[notify]]";
    "a list of texts, such as [\"a\", \"b\"]" = "文本列表，例如 [\"a\", \"b\"]";
    "a number of calls a second" = "每秒调用次数";
    "a table of thresholds, or false" = "阈值的表，或 false";
    "a table" = "表";
    "a text in quotes" = "带引号的文本";
    "a text" = "文本";
    "a list" = "列表";
    "a number" = "数";
    "a date" = "日期";
    "a whole number" = "整数";
    "true or false, without quotes" = "不带引号的 true 或 false";
    "true or false" = "true 或 false";
    "must be {t}, and is {t}" = "应为{t}，实际是{t}";
    "must be {t}" = "应为{t}";
    "a whole number from {} to {}" = "{} 到 {} 之间的整数";
    "a score from 0 to 1" = "0 到 1 之间的分值";
    "a table, such as {}" = "表，例如 {}";

    // Reasons.
    "{}: {t}" = "{}：{t}";
    "database.url {t}" = "database.url {t}";
    "vault.options.{} {t}" = "vault.options.{} {t}";
    "is used for {t}" = "{t}";
    "is not used for {t}" = "不用于{t}";
    "the object store" = "对象存储";
    "the provider" = "百度接口";
    "neither the provider nor the object store" = "既不用于百度接口，也不用于对象存储";
    "are not used while mode is \"off\": objects lie as they came" = "mode 为 \"off\" 时不使用：对象按原样存放";
    "holds more than {} addresses" = "超过 {} 个地址";
    "is a folder" = "是文件夹";
    "is longer than {} bytes" = "超过 {} 字节";
    "is no code of the provider" = "不是百度的错误码";
    "is not needed: objects lie in a folder" = "不需要：对象存放在文件夹中";
    "is not UTF-8 text" = "不是 UTF-8 文本";
    "its value is not UTF-8" = "其值不是 UTF-8";
    "looks like a key for auth = \"api-key\"" = "看起来是 auth = \"api-key\" 的密钥";
    "may not be read" = "无权读取";
    "more than one has this name in capitals; use its number" = "大写后重名的不止一个；请用编号";
    "there is none: looked for {}" = "没有配置文件：找过 {}";
    "`{}` is written as something else: use [[{}]]" = "`{}` 写成了别的形式：请用 [[{}]]";
    "this one is not written as a table: use [[{}]]" = "这一项没有写成表：请用 [[{}]]";
    "{} can be read by others (mode {})" = "{} 可被他人读取（权限 {}）";
    "{} is no longer than the verify_window of {}: some results would be gone before they are final" = "{} 不比 verify_window（{}）长：有些结果在最终确定之前就会被删除";
    "`{}` is given as well" = "又写了 `{}`";
    "`{}` is given under another name as well" = "`{}` 又以另一个名称写了一次";
    "`{}` is not a duration" = "`{}` 不是时长";
    "could read the key, as the address is plain http" = "地址是明文 http，代理能看到其中的密钥";
    "does not begin with bce-v3/" = "不以 bce-v3/ 开头";
    "ends with a line break" = "以换行结尾";
    "has a parameter behind the `?` that the driver does not know" = "`?` 之后有驱动不认识的参数";
    "has a port, which is only for private hosts (allow_private_media_hosts)" = "带了端口：只有内网主机才可以（allow_private_media_hosts）";
    "has no scheme" = "没有协议部分";
    "holds a character inside that cannot be seen" = "中间含有不可见字符";
    "holds a line break or another control character" = "含有换行或其他控制字符";
    "holds a secret and can be read by others (mode {})" = "含有密钥，且可被他人读取（权限 {}）";
    "holds a space, or a character that is not ASCII" = "含有空格或非 ASCII 字符";
    "holds a user name or a password" = "含有用户名或密码";
    "holds more or less than scheme, host and port" = "应恰好包含协议、主机和端口";
    "holds more than a place" = "除位置外还有别的内容";
    "holds more than an address" = "除地址外还有别的内容";
    "holds more than one line" = "不止一行";
    "is \"expected\", and `fetch` does not ask for \"media\"" = "写的是 \"expected\"，而 `fetch` 没有包含 \"media\"";
    "is \"none\", and the server is on another machine" = "写的是 \"none\"，而服务器在另一台机器上";
    "is a threshold of `{}`, which {} writes as true or false" = "是 `{}` 的阈值，而 {} 把该规则写成了 true 或 false";
    "is empty" = "为空";
    "is empty, so that no image and no video can be fetched" = "为空，图片和视频都无法下载";
    "is missing" = "缺失";
    "is neither http:// nor https://" = "既不是 http:// 也不是 https://";
    "is neither https:// nor http://" = "既不是 https:// 也不是 http://";
    "is no URL" = "不是 URL";
    "is no address" = "不是地址";
    "is no address with a port" = "不是带端口的地址";
    "is no app of [[apps]]" = "不是 [[apps]] 中的应用";
    "is no cron expression" = "不是 cron 表达式";
    "is no database URL" = "不是数据库 URL";
    "is no host" = "不是主机";
    "is no key of hex digits" = "不是十六进制数字组成的密钥";
    "is no mail address" = "不是邮件地址";
    "is no name of a host" = "不是主机名";
    "is no number of bytes" = "不是字节数";
    "is no object store" = "不是对象存储";
    "is no plain name" = "不是普通名称";
    "is no query of the provider" = "不是云端的查询";
    "is none of the possible words" = "不是可用的词";
    "is not a duration" = "不是时长";
    "is not after `from`" = "不晚于 `from`";
    "is not an option of {} stores" = "不是 {} 存储的选项";
    "is not https, so that credentials and identities would cross the network in the open" = "不是 https，凭证和身份信息会以明文经过网络";
    "is not needed: the way to the database is guarded" = "不需要：到数据库的连接已受保护";
    "is not needed: the way to the object store is guarded" = "不需要：到对象存储的连接已受保护";
    "is not taken from this variable: only credentials and the region are" = "不从这个变量读取：只读取凭证和区域";
    "is not used with auth = \"api-key\"" = "auth = \"api-key\" 时不使用";
    "is of no use to this kind of channel" = "这种渠道用不到";
    "is out of range" = "超出范围";
    "is plain http, and allow_http is not set" = "是明文 http，而没有设置 allow_http";
    "is plain http, where everybody on the way could read the key" = "是明文 http，途中任何人都能看到密钥";
    "is plain http: credentials, identities and images cross the network in the open" = "是明文 http：凭证、身份信息和图片会以明文经过网络";
    "is reached from other machines, and keys and tokens would cross the network in clear" = "其他机器可以访问，密钥和 token 会以明文经过网络";
    "is the address of http.listen" = "与 http.listen 是同一地址";
    "is zero" = "是零";
    "leaves nothing of the qps of {}" = "在 qps = {} 中没有剩余";
    "lets answers of a real provider lead to hosts of your own network that media_hosts names" = "会让真实云端的应答指向 media_hosts 中的内网主机";
    "lies in data_dir, beside what it opens: a copy of that folder gives away whom the masks hide" = "与它能解开的数据同在 data_dir：该文件夹的一份拷贝就会暴露被掩码的人";
    "names a server off this machine with sslmode={}: whoever stands in between can be given the password and all rows" = "指向另一台机器，且 sslmode={}：中间人可以拿到密码和全部数据";
    "names no file, so that everything would be forgotten at the end" = "没有写文件，结束时一切都会丢失";
    "names no single value" = "没有指明某一个值";
    "no such app" = "没有这个应用";
    "no such channel" = "没有这个渠道";
    "no such file" = "没有这个文件";
    "no such key" = "没有这个键";
    "not valid TOML: {}" = "不是有效的 TOML：{}";
    "sealing is not built into this version yet" = "此版本尚未实现封存";
    "stands in the list twice" = "在列表中出现两次";
    "stands without secret_access_key" = "缺少与之配对的 secret_access_key";
    "takes any certificate: whoever stands in between can read and answer everything" = "接受任何证书：中间人可以读取并代答一切";
    "there is no index key, so that an ID number cannot be looked up" = "没有索引密钥，无法按证件号查找";
    "{} has the same name" = "与 {} 同名";
    "{} says another figure for the same account" = "{} 对同一账号写了另一个数值";

    // Ways out.
    "write {t}" = "写{t}";
    "\"{}\" or {t}" = " \"{}\" 或{t}";
    "\"{}\"" = " \"{}\"";
    "save it as UTF-8" = "保存为 UTF-8";
    "set auth = \"api-key\", or put the app's API Key here" = "写 auth = \"api-key\"，或在此填写应用的 API Key";
    "set it again as text" = "重新设为文本";
    "take them out, so that nobody believes otherwise" = "去掉，以免误解";
    "write digits as text, such as \"283407\"" = "写成文本形式的数字，例如 \"283407\"";
    "write to a distribution list of the mail server" = "改为发往邮件服务器上的群组地址";
    "add \"media\" to fetch, or set video = \"optional\"" = "在 fetch 中加上 \"media\"，或写 video = \"optional\"";
    "add ?sslmode=verify-full&sslrootcert=/path/to/ca.pem to it, or allow it by name: database.allow_insecure = true" = "加上 ?sslmode=verify-full&sslrootcert=/path/to/ca.pem，或明确允许：database.allow_insecure = true";
    "add an [[apps]] section with the credentials of an app" = "添加一节 [[apps]]，写入应用的凭证";
    "add it: the name of the storage account that holds the container" = "补上：容器所在的存储账户名";
    "apps of one account share its quota: say it once, or the same in each" = "同一账号的应用共用配额：只写一次，或各处写得相同";
    "check all three windows against the provider's" = "对照云端的规定检查这三个时长";
    "check that this is the key made for API-key access" = "确认这是为 API Key 鉴权生成的密钥";
    "check the name given by --config; `verikeep init` writes a first file" = "检查 --config 给出的文件名；`verikeep init` 可生成初始配置";
    "chmod 600 it, or move the secret to a file of its own (secret_key_file)" = "对它执行 chmod 600，或把密钥移到单独的文件（secret_key_file）";
    "chmod 600 {}" = "执行 chmod 600 {}";
    "copy it again from where it was given out, as one line of visible ASCII" = "从发放处重新复制，应为一行可见的 ASCII 字符";
    "copy the whole address from where it was given out, beginning with https://" = "从发放处复制完整地址，以 https:// 开头";
    "create the file, or correct its name and owner" = "创建该文件，或改正其文件名和属主";
    "did you mean `{}`?" = "是不是想写 `{}`？";
    "{t} (a variable that is not meant for Verikeep needs another prefix)" = "{t}（不是给 Verikeep 的变量，请换一个前缀）";
    "fill it in, or leave the key out" = "填写，或去掉这个键";
    "fill it in, or leave the option out" = "填写，或去掉这个选项";
    "give `{}` or `{}`: {t}" = "写 `{}` 或 `{}`：{t}";
    "the Access Key (AK) of the account" = "账号的 Access Key（AK）";
    "the Secret Key (SK) of the account" = "账号的 Secret Key（SK）";
    "the API key that begins with bce-v3/" = "以 bce-v3/ 开头的 API Key";
    "the API Key of the app, from the provider's console" = "应用的 API Key，见百度云控制台";
    "the Secret Key of the app, from the provider's console" = "应用的 Secret Key，见百度云控制台";
    "the address that is called while all is well" = "一切正常时访问的地址";
    "the password of AUTH; some servers give out an authorization code for it" = "SMTP 登录密码；有些邮箱要用授权码代替";
    "what messages are signed with" = "消息签名用的密钥";
    "where messages are posted to" = "消息发往的地址";
    "give both, in one place: options or environment" = "两者写在同一处：options 或环境变量";
    "give each app its own: it stands in every row" = "每个应用各取一个名称：它写在每一行里";
    "give each channel its own: alarms name it" = "每个渠道各取一个名称：告警会写明它";
    "give it a length, such as \"90s\", \"2h\" or \"3d\"" = "写出时长，例如 \"90s\"、\"2h\" 或 \"3d\"";
    "give the name that belongs to the password" = "写出与密码对应的用户名";
    "give the sender's address: the server must let it send" = "写出发件人地址：服务器须允许它发信";
    "give what it asks for as `secret`, which is sent as Authorization: Bearer" = "把它要求的内容写在 `secret`，会作为 Authorization: Bearer 发送";
    "have the store speak https with a certificate that is checked, then take both out" = "让存储使用可校验证书的 https，然后去掉这两项";
    "if it is meant for Verikeep, write {} or {}" = "如果是给 Verikeep 的，请写 {} 或 {}";
    "it must hold 64 hex digits: keep the key you have; `openssl rand -hex 32` makes a new one" = "应为 64 位十六进制数字：已有密钥请继续使用；`openssl rand -hex 32` 可生成新的";
    "keep one of `{}` and `{}`" = "`{}` 与 `{}` 只保留一个";
    "keep one of them" = "只保留一个";
    "leave the key out for the provider's own hosts" = "使用百度自己的主机时，去掉这个键即可";
    "list who is told: to = [\"duty@example.com\"]" = "列出收件人：to = [\"duty@example.com\"]";
    "move it out of data_dir; beside the configuration file it is found by itself. Where identity.index_key_file names it, change that" = "移出 data_dir；放在配置文件旁边会自动找到。若 identity.index_key_file 写明了它，请一并修改";
    "name a file of certificates in PEM that can be read, or leave the key out to trust the system's alone" = "写一个可读取的 PEM 证书文件，或去掉这个键而只信任系统证书";
    "name a file: \"sqlite://verikeep-data/verikeep.db\"" = "写一个文件：\"sqlite://verikeep-data/verikeep.db\"";
    "name a proxy that speaks HTTP (CONNECT), or \"\" for none" = "写一个 HTTP 代理（CONNECT），\"\" 表示不用代理";
    "name another port, such as \"127.0.0.1:8641\", or leave the key out to have all on http.listen" = "换一个端口，例如 \"127.0.0.1:8641\"，或去掉这个键而全部由 http.listen 提供";
    "name proxies by provider.proxy (\"\" for none) and, if the store has one, by vault.options.proxy_url" = "代理请写在 provider.proxy（\"\" 表示不用），对象存储的代理写在 vault.options.proxy_url";
    "name the app as you call it: it stands in every row, metric and command" = "写出应用名称：它出现在每一行、每个指标和命令中";
    "name the channel as you call it, such as \"duty\": alarms and `verikeep notify` name it" = "写出渠道名称，例如 \"duty\"：告警和 `verikeep notify` 会用到";
    "name the mail server, such as \"smtp.example.com\"" = "写出邮件服务器，例如 \"smtp.example.com\"";
    "name the proxy by provider.proxy, or say provider.proxy = \"\" for none" = "代理请写在 provider.proxy；不用代理请写 provider.proxy = \"\"";
    "name the store's proxy by vault.options.proxy_url, if it has one" = "对象存储若要代理，请写在 vault.options.proxy_url";
    "numbers count from 0 without a gap; the next free one is {}" = "编号从 0 开始且不能间断；下一个可用的是 {}";
    "put a proxy with TLS in front and say http.behind_proxy = true, or listen on 127.0.0.1; for health and metrics alone there is http.ops_listen" = "在前面放一个终止 TLS 的代理并写 http.behind_proxy = true，或只监听 127.0.0.1；仅健康检查和指标可用 http.ops_listen";
    "put credentials and settings into [vault.options] or the environment" = "凭证和设置请写在 [vault.options] 或环境变量中";
    "put {t} here, or its file's name into `{}`" = "在此填写{t}，或把其文件名写入 `{}`";
    "quote texts and close every quote and bracket on its line" = "文本要加引号，引号和括号都要在本行闭合";
    "run `verikeep init` for a first file, or name one by --config" = "运行 `verikeep init` 生成初始配置，或用 --config 指定";
    "run `verikeep init`, or name a file of 64 hex digits" = "运行 `verikeep init`，或指定一个含 64 位十六进制数字的文件";
    "set mode = \"off\" and let the bucket or the disk encrypt, until a version that seals" = "写 mode = \"off\"，在支持封存的版本之前由存储桶或磁盘加密";
    "take it out" = "去掉";
    "take it out, or correct it: {}; write a `&` inside a value as %26" = "去掉或改正：{}；值中的 `&` 写成 %26";
    "take it out, or name a bucket by vault.url" = "去掉，或用 vault.url 指定存储桶";
    "take it out, unless this is a simulator" = "去掉，除非对接的是模拟器";
    "take one out" = "去掉其中一个";
    "take the port out: media of public hosts are fetched over https alone" = "去掉端口：公网主机的媒体只经 https 下载";
    "there are: {}" = "可用的有：{}";
    "there are: {}; add one as number {}" = "现有：{}；新增的编号为 {}";
    "use sslmode=verify-full with sslrootcert, then take this out" = "改用 sslmode=verify-full 和 sslrootcert，然后去掉此项";
    "use up to 64 letters, digits, `-`, `_` and `.`, beginning with a letter or digit" = "最多 64 个字母、数字、`-`、`_`、`.`，以字母或数字开头";
    "write \"file://folder\", \"s3://bucket/prefix\", \"gs://bucket/prefix\" or \"az://container/prefix\"" = "写 \"file://folder\"、\"s3://bucket/prefix\"、\"gs://bucket/prefix\" 或 \"az://container/prefix\"";
    "write \"http://proxy.example.com:3128\", with user:password@ before the host if it asks for them, or \"\" for none" = "写 \"http://proxy.example.com:3128\"，需要认证时在主机前加 user:password@；\"\" 表示不用代理";
    "write \"http://user:password@host:port\"; in user and password @ is written %40, : %3A, / %2F, # %23, ? %3F and % %25" = "写 \"http://user:password@host:port\"；用户名和密码中的 @ 写成 %40，: 写成 %3A，/ 写成 %2F，# 写成 %23，? 写成 %3F，% 写成 %25";
    "write a host such as \"bj.bcebos.com\" or \"*.bcebos.com\", without scheme or path" = "写主机，例如 \"bj.bcebos.com\" 或 \"*.bcebos.com\"，不带协议和路径";
    "write a [[notify]] section for each channel" = "每个渠道写一节 [[notify]]";
    "write an [[apps]] section for each app" = "每个应用写一节 [[apps]]";
    "write a name such as \"api.example.com\", without scheme, port, path or *" = "写名称，例如 \"api.example.com\"，不带协议、端口、路径和 *";
    "write a number with its unit, such as {}" = "写带单位的数，例如 {}";
    "write a whole number with its unit in quotes, such as \"512MiB\" or \"2GiB\"" = "写带引号、带单位的整数，例如 \"512MiB\" 或 \"2GiB\"";
    "write an address such as \"verikeep@example.com\", without a name" = "写地址，例如 \"verikeep@example.com\"，不带姓名";
    "write fewer calls a second than qps has: the daemon makes the rest" = "写得比 qps 小：其余的由守护进程使用";
    "write how many calls a second of qps are left to the business, 0 for none" = "写 qps 中每秒留给业务的调用次数，0 表示不留";
    "write https:// (http:// is for a simulator on loopback)" = "写 https://（http:// 只用于本机的模拟器）";
    "write https:// (or http://) before the host, such as \"https://minio.example.com:9000\"" = "在主机前写 https://（或 http://），例如 \"https://minio.example.com:9000\"";
    "write https:// with a certificate that can be checked, or allow it by name: vault.allow_insecure = true" = "写 https:// 并使用可校验的证书，或明确允许：vault.allow_insecure = true";
    "write https://, or \"\" for no proxy" = "写 https://，或用 \"\" 表示不用代理";
    "write https://, or add allow_http = true if this store speaks no TLS" = "写 https://；若该存储不支持 TLS，加上 allow_http = true";
    "write https://; plain http is for a host with a private address, with {} = true" = "写 https://；明文 http 只用于内网地址的主机，并写 {} = true";
    "write it in quotes" = "加上引号";
    "write it on one line" = "写成一行";
    "write it without one: `printf %s` instead of `echo`, `base64 -w0` of that for a Kubernetes secret" = "去掉换行：用 `printf %s` 代替 `echo`，Kubernetes secret 再用 `base64 -w0`";
    "write its name or address alone; the port has a key of its own" = "只写名称或地址；端口另有一个键";
    "write kind = \"email\", \"webhook\", \"dingtalk\", \"wecom\" or \"feishu\"" = "写 kind = \"email\"、\"webhook\"、\"dingtalk\"、\"wecom\" 或 \"feishu\"";
    "write one such as {}" = "例如 {}";
    "write scheme, host and port only; credentials have keys of their own" = "只写协议、主机和端口；凭证另有各自的键";
    "write six fields, seconds first, in UTC: \"0 17 3 * * *\" is every day at 03:17" = "写六个字段，秒在最前，按 UTC：\"0 17 3 * * *\" 表示每天 03:17";
    "write the calls a second that the account may make on each endpoint, above 0 and at most 10000" = "写该账号在每个接口上每秒可调用的次数，大于 0，不超过 10000";
    "write the hours of the day in Beijing at which work begins and ends, such as from = 9 and to = 18" = "写北京时间的上班和下班钟点，例如 from = 9 和 to = 18";
    "write the levels down to one key, such as {} or {}" = "逐级写到某个键，例如 {} 或 {}";
    "write the rule as a table of thresholds there, {} for those that stand, or leave {} out" = "在那里把规则写成阈值的表（{} 表示沿用默认），或去掉 {}";
    "write tls = \"starttls\" or \"tls\"; \"none\" is for a server on this machine" = "写 tls = \"starttls\" 或 \"tls\"；\"none\" 只用于本机的服务器";
}

/// The text in Chinese; none when the table has none for it.
pub(super) fn in_chinese(text: &str) -> Option<String> {
    let told = |(en, zh): &(&str, &str)| Some((en.len(), filled(zh, &blanks(en, text)?)?));
    // Of those that fit the one with the most words of its own.
    let fitting = TABLE.iter().filter_map(told);
    fitting
        .max_by_key(|(length, _)| *length)
        .map(|(_, told)| told)
}

/// A pattern, cut at its blanks.
fn parts(pattern: &str) -> impl Iterator<Item = &str> {
    pattern.split("{t}").flat_map(|part| part.split("{}"))
}

/// What stands in the blanks of a text that is the `pattern` otherwise.
fn blanks<'t>(pattern: &str, text: &'t str) -> Option<Vec<&'t str>> {
    let mut parts = parts(pattern).peekable();
    let mut rest = text.strip_prefix(parts.next()?)?;
    let mut values = Vec::new();
    while let Some(part) = parts.next() {
        let is_last = parts.peek().is_none();
        let at = if is_last && rest.ends_with(part) {
            rest.len() - part.len()
        } else {
            rest.find(part)?
        };
        values.push(&rest[..at]);
        rest = &rest[at + part.len()..];
    }
    rest.is_empty().then_some(values)
}

/// A pattern, its blanks filled in; none where one is to be in Chinese and is not known.
fn filled(pattern: &str, values: &[&str]) -> Option<String> {
    let mut told = String::new();
    let mut rest = pattern;
    for value in values {
        let at = rest.find(['{'])?;
        let (before, blank) = rest.split_at(at);
        told.push_str(before);
        match blank.strip_prefix("{t}") {
            Some(after) => {
                told.push_str(&in_chinese(value)?);
                rest = after;
            }
            None => {
                told.push_str(value);
                rest = blank.strip_prefix("{}")?;
            }
        }
    }
    Some(told + rest)
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    #[test]
    fn the_text_with_the_most_words_of_its_own_is_taken_and_its_blanks_are_filled() {
        for (english, chinese) in [
            ("is empty", Some("为空")),
            ("no words of ours", None),
            ("write no words of ours", None),
            (
                "must be a text in quotes, and is a whole number",
                Some("应为带引号的文本，实际是整数"),
            ),
            (
                "did you mean `qps`? (a variable that is not meant for Verikeep needs another prefix)",
                Some("是不是想写 `qps`？（不是给 Verikeep 的变量，请换一个前缀）"),
            ),
            (
                "write \"a\" or \"b\" or \"c\"",
                Some("写 \"a\" 或 \"b\" 或 \"c\""),
            ),
            ("/etc/is empty: is empty", Some("/etc/is empty：为空")),
            (
                "write the rule as a table of thresholds there, {} for those that stand, or leave X out",
                Some("在那里把规则写成阈值的表（{} 表示沿用默认），或去掉 X"),
            ),
        ] {
            assert_eq!(in_chinese(english).as_deref(), chinese, "{english}");
        }
    }

    #[test]
    fn every_entry_fills_in_the_same_and_is_a_text_that_some_finding_has() {
        let mut sources = String::new();
        let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|ending| ending == "rs")
                    && !path.ends_with("chinese.rs")
                {
                    sources += &fs::read_to_string(path).unwrap().replace("\\\"", "\"");
                }
            }
        }
        let kinds = |text: &str| -> Vec<bool> {
            let blanks = text.match_indices('{');
            blanks
                .map(|(at, _)| text[at..].starts_with("{t}"))
                .collect()
        };
        let mut stale = Vec::new();
        for (en, zh) in TABLE {
            assert_eq!(kinds(en), kinds(zh), "{en}");
            let longest = parts(en).max_by_key(|part| part.len()).unwrap();
            if !sources.contains(longest.trim()) {
                stale.push(longest);
            }
        }
        assert_eq!(stale, [""; 0], "no finding says so any longer");
    }
}
