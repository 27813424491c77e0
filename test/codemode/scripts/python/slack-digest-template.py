import textwrap
from string import Template

template = Template("*$channel*: $count messages, last: $last")
lines = []
for channel_id, name in [("C00", "general"), ("C01", "engineering")]:
    messages = (await slack.slack_get_channel_history(channel_id=channel_id))["messages"]
    last = textwrap.shorten(messages[-1]["text"], width=20, placeholder="...")
    lines.append(template.substitute(channel=name, count=len(messages), last=last))

body = textwrap.dedent("""\
    Daily digest
    ============
    {lines}
""").format(lines="\n    ".join(lines))
result = await slack.slack_post_message(channel_id="C01", text=body)
print(textwrap.indent(body, "> "))
result["ok"]
