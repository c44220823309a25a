"""Every fixed word of the standard layouts, English and Chinese, so that a report needs no translation at run time.

The content of a report carries WORDS[language] under "words". What a key means is told by the English.
"""

from typing import Final

#: key -> (English, Chinese). `{page}` and the like are filled in by the renderer.
_PAIRS: Final[dict[str, tuple[str, str]]] = {
    # marks
    "draft": ("DRAFT", "草稿"),
    "draft_note": (
        "This is a draft. Its figures may still change and nothing may be settled by it.",
        "本件为草稿，数据可能变动，不得作为结算或考核依据。",
    ),
    "provisional": ("provisional", "暂定"),
    "provisional_note": (
        "Provisional: the public holidays of that year were not published yet when this was computed.",
        "暂定：计算时该年度的法定节假日安排尚未公布，公布后可能调整。",
    ),
    "met": ("met", "达成"),
    "missed": ("missed", "未达成"),
    "no_data": ("no data", "无数据"),
    "no_goal": ("no goal set", "未设目标"),
    "better": ("better", "好转"),
    "worse": ("worse", "变差"),
    "same": ("unchanged", "持平"),
    "none": ("none", "无"),
    "empty_section": ("Nothing to report in this period.", "本期无此类事项。"),
    "not_written": ("Nothing was written for this part.", "本期未填写。"),
    "page": ("Page {page} of {pages}", "第 {page} 页 共 {pages} 页"),
    "contents": ("Contents", "目录"),
    # cover and sign-off
    "cover": ("Cover", "封面"),
    "client": ("Client", "客户"),
    "provider": ("Service provider", "服务方"),
    "suppliers": ("Suppliers", "分包方"),
    "contract": ("Contract", "合同"),
    "contract_validity": ("Contract validity", "合同有效期"),
    "contract_versions": ("Contract version", "合同版本"),
    "period": ("Period", "报告期"),
    "zone": ("Time zone", "时区"),
    "number": ("Report number", "报告编号"),
    "edition": ("Edition", "版次"),
    "made": ("Drafted", "编制"),
    "issued": ("Issued", "签发"),
    "signoff": ("Sign-off", "签署"),
    "signoff_side": ("For", "签署方"),
    "signoff_name": ("Name", "姓名"),
    "signoff_signature": ("Signature / seal", "签字 / 盖章"),
    "signoff_date": ("Date", "日期"),
    # chapters
    "summary": ("Summary", "本期摘要"),
    "scope": ("Scope, service hours and people", "服务范围、时间与人员"),
    "attainment": ("Service levels", "服务级别达成"),
    "tickets": ("Incidents and requests", "事件与请求"),
    "major": ("Major incidents", "重大故障"),
    "waiting": ("Waiting and whom it was for", "等待与责任方"),
    "exclusions": ("What was left out of the figures", "剔除项"),
    "satisfaction": ("Satisfaction and complaints", "满意度与投诉"),
    "risks": ("Risks, and decisions asked of the client", "风险与提请客户决策事项"),
    "last_actions": ("Actions of the last period", "上期行动项落实情况"),
    "next_plan": ("Plan for the next period", "下期工作计划"),
    "misses": ("Appendix: goals that were missed", "附录：未达标明细"),
    "calendars": ("Appendix: service calendars", "附录：服务日历"),
    "verify": ("Check these figures", "核对这些数字"),
    # summary
    "managers_words": ("From the service manager", "服务经理说明"),
    "goal": ("Goal", "目标"),
    "value": ("Value", "数值"),
    "last_period": ("Last period", "上期"),
    "change": ("Change", "变化"),
    "state": ("State", "状态"),
    # scope
    "services": ("Services", "服务项"),
    "service": ("Service", "服务"),
    "service_hours": ("Service hours", "服务时间"),
    "description": ("Description", "说明"),
    "goals": ("Promised times", "时限承诺"),
    "priority": ("Priority", "优先级"),
    "clock": ("Clock", "时限"),
    "within": ("Within", "承诺"),
    "people": ("People on duty", "服务人员"),
    "role": ("Role", "角色"),
    "names": ("Names", "姓名"),
    "people_count": ("People", "人数"),
    # attainment
    "indicator": ("Indicator", "指标"),
    "definition": ("Definition", "口径"),
    "this_period": ("This period", "本期"),
    "numerator": ("Numerator", "分子"),
    "denominator": ("Denominator", "分母"),
    "excluded": ("Left out", "剔除"),
    "still_waiting": ("Not settled yet", "未到期"),
    "basis": ("Basis", "计数"),
    "by_groups": ("By priority and by service", "分组达成情况"),
    "count": ("Count", "数量"),
    "share": ("Share", "占比"),
    "trend": ("Trend", "趋势"),
    "month": ("Month", "月份"),
    "trend_alt": (
        "Line chart of each indicator by month, with its goal as a broken line",
        "各指标按月折线图，虚线为目标",
    ),
    "groups_alt": ("Bar chart of the indicators by group", "各指标分组条形图"),
    # tickets
    "volumes": ("Volumes", "工单量"),
    "item": ("Item", "项目"),
    "by_source": ("By source", "按来源"),
    "by_kind": ("By kind", "按类型"),
    "by_priority": ("By priority", "按优先级"),
    "by_service": ("By service", "按服务"),
    "by_category": ("By category", "按分类"),
    "by_cause": ("Top causes", "主要原因"),
    "backlog": ("Backlog by age at the period's end", "期末积压（按已开时长）"),
    "by_hour": ("Opened by hour of the day", "按小时分布（受理）"),
    "by_weekday": ("Opened by weekday", "按星期分布（受理）"),
    "load": ("When the work came in", "受理时间分布"),
    "weekdays": ("Mon Tue Wed Thu Fri Sat Sun", "周一 周二 周三 周四 周五 周六 周日"),
    "priorities_alt": ("Bar chart of tickets by priority", "各优先级工单条形图"),
    "causes_alt": ("Bar chart of the most frequent causes", "主要原因条形图"),
    "load_alt": ("Bar charts of tickets by hour of the day and by weekday", "按小时与星期的受理量条形图"),
    "backlog_alt": ("Bar chart of the open tickets by age", "积压工单时长条形图"),
    # major incidents, fault report
    "opened": ("Opened", "受理"),
    "responded": ("Responded", "响应"),
    "restored": ("Restored", "恢复"),
    "resolved": ("Resolved", "解决"),
    "duration": ("Duration", "历时"),
    "cause": ("Cause", "原因"),
    "timeline": ("Timeline", "处理经过"),
    "time": ("Time", "时间"),
    "who": ("Who", "人员"),
    "what": ("What happened", "经过"),
    # waiting, exclusions, satisfaction
    "party": ("Party", "责任方"),
    "reason": ("Reason", "原因"),
    "held_back": ("Time held back", "停表时长"),
    "disputed": ("Waiting periods in dispute", "有争议的等待时段"),
    "undecided": (
        "Waiting periods nobody has answered (silence confirms)",
        "无人答复的等待时段（逾期未答复视为确认）",
    ),
    "waiting_note": (
        "Working time during which the clock of a promise stood still, by whom it waited for.",
        "承诺时限停表的服务时间，按所等待的一方统计。",
    ),
    "agreed_by": ("Agreed by", "同意方"),
    # misses, calendars
    "ticket": ("Ticket", "工单"),
    "title": ("Title", "标题"),
    "due": ("Due", "到期"),
    "done": ("Done", "完成"),
    "over": ("Over by", "超时"),
    "misses_cut": (
        "{shown} of {total} are listed; the Excel file of this report holds them all.",
        "共 {total} 条，此处列出 {shown} 条；全部见本报告的 Excel 文件。",
    ),
    "calendar": ("Calendar", "日历"),
    "tzdata": ("Time zone data", "时区数据版本"),
    "provisional_years": ("Provisional years", "暂定年份"),
    # verify
    "verify_intro": (
        "Every figure of this report was computed from the contract's log up to the position below. Whoever holds "
        "the log can compute it again and must get the same.",
        "本报告全部数字均由该合同的日志计算得出，计算到下列日志位置为止。任何持有该日志的一方都可重新计算，结果应完全一致。",
    ),
    "log_position": ("Log position", "日志位置"),
    "root_hash": ("Root hash of the log", "日志根哈希"),
    "content_hash": ("Hash of this content (SHA-256)", "内容哈希（SHA-256）"),
    "signed_at": ("Tree head signed", "日志头签名时间"),
    "signing_key": ("Signing key", "签名密钥"),
    "not_sealed": ("not sealed yet", "尚未封存"),
    "how_to_check": ("How to check", "核对方法"),
    # fault report
    "facts": ("Facts", "故障概况"),
    "grade": ("Grade", "故障等级"),
    "kind": ("Kind", "类型"),
    "ci": ("Configuration item", "配置项"),
    "reporter": ("Reported by", "报告人"),
    "reporter_unit": ("Department / company", "部门 / 单位"),
    "started": ("Started", "发生"),
    "detected": ("Detected", "发现"),
    "effects": ("Effect on the promised times", "对服务级别的影响"),
    "written_phenomenon": ("Phenomenon", "故障现象"),
    "written_scope_impact": ("Scope and business impact", "影响范围与业务影响"),
    "written_direct_cause": ("Direct cause", "直接原因"),
    "written_root_cause": ("Root cause", "根本原因"),
    "written_temporary_fix": ("Temporary fix", "临时措施"),
    "written_permanent_fix": ("Permanent fix", "永久措施"),
    "written_verification": ("Verification", "验证情况"),
    "written_liability": ("Liability", "责任认定"),
    "written_lessons": ("Lessons", "经验教训"),
    "analysis": ("Analysis", "故障分析"),
    "handling": ("Handling", "处理措施"),
    "corrective_actions": ("Corrective actions", "整改措施"),
    "action": ("Action", "措施"),
    "owner": ("Owner", "责任人"),
    "preliminary": ("Preliminary edition", "初版"),
    "final": ("Final edition", "终版"),
    # ledger
    "ledger": ("Service ledger", "服务台账"),
    "ledger_cut": (
        "The first {shown} rows are printed here; the Excel file of this ledger holds them all.",
        "此处打印前 {shown} 行，全部见本台账的 Excel 文件。",
    ),
    "items": ("Items", "工单明细"),
    "serial": ("No.", "序号"),
    # what a template or a report can be refused for
    "place_body": ("paragraph {number}", "正文第 {number} 段"),
    "place_table": (
        "table {table}, row {row}, column {column}",
        "第 {table} 个表格第 {row} 行第 {column} 列",
    ),
    "place_header": ("header", "页眉"),
    "place_footer": ("footer", "页脚"),
    "place_notes": ("footnotes", "脚注"),
    "place_file": ("the file", "文件"),
    "problem_unknown_name": ("There is no such name.", "没有这个名称。"),
    "problem_did_you_mean": (
        "There is no such name. Did you mean {name}?",
        "没有这个名称。是否应为 {name}？",
    ),
    "problem_syntax": ("Not understood: {text}", "语法有误：{text}"),
    "problem_unclosed": (
        "This placeholder is not closed in the same paragraph.",
        "占位符未在同一段落内闭合。",
    ),
    "problem_forbidden": (
        "Not allowed in a template: {what}. Names, for, if, comparisons and a few filters are.",
        "模板中不允许使用 {what}；可用的是名称、for、if、比较和少数过滤器。",
    ),
    "problem_not_a_list": (
        "{name} is no list; only lists can be gone through.",
        "{name} 不是列表，不能循环。",
    ),
    "problem_is_a_list": (
        "{name} is a list or a group of values; name one of its values, or go through it.",
        "{name} 是列表或一组值，请写明其中的某个值，或用循环逐项输出。",
    ),
    "problem_layout": (
        "The document is no longer valid with this template: a {what} begins in one place and ends in another.",
        "套用模板后文档结构损坏：{what} 的开始与结束不在同一层。",
    ),
    "problem_no_word": (
        "This is not a Word document (.docx).",
        "这不是 Word 文档（.docx）。",
    ),
    "problem_large": ("The file is too large: {text}.", "文件过大：{text}。"),
    "problem_part": (
        "It holds something a template must not hold: {what}.",
        "模板中含有不允许的内容：{what}。",
    ),
    "problem_external": (
        "It refers to something outside the document: {what}.",
        "模板引用了文档以外的内容：{what}。",
    ),
    "problem_field": (
        "It holds a field that fetches or runs something: {what}.",
        "模板含有会取数或执行的域：{what}。",
    ),
    "problem_more": ("… and {count} more.", "……另有 {count} 处。"),
    "problem_time": ("The report took too long to render.", "生成报告超时。"),
    "problem_memory": ("The report needed too much memory to render.", "生成报告所需内存过大。"),
    "problem_crash": ("The report could not be rendered.", "报告未能生成。"),
}

LANGUAGES: Final = ("en", "zh-Hans")

WORDS: Final[dict[str, dict[str, str]]] = {
    language: {key: pair[index] for key, pair in _PAIRS.items()} for index, language in enumerate(LANGUAGES)
}


def words_of(language: str) -> dict[str, str]:
    """The words of a language; English for a language that has none."""
    return WORDS.get(language, WORDS["en"])
