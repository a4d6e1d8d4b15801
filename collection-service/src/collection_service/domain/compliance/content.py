"""The coercive tactics of the old books (催款兵法), which the engine refuses in templates, texts and reasons (CL-34)."""

import re

FORBIDDEN = (
    r"媒体曝光|曝光|公之于众",
    r"通知(你|您)?的?(亲友|家人|父母|单位|领导|同事|朋友)",
    r"上门堵|堵门|堵你",
    r"冒充(法院|公安)|法院工作人员|公安(局)?(人员|民警)",
    r"拘留|坐牢|抓(你|起来)",
    r"黑名单",
    r"额外(的)?费用|催收费",
)
PATTERN = re.compile("|".join(f"(?:{one})" for one in FORBIDDEN))


def forbidden_spans(text: str) -> list[str]:
    """What of the text is forbidden, in order."""
    return [found.group(0) for found in PATTERN.finditer(text)]
