import asyncio

weather, echoed, image = await asyncio.gather(
    everything.get_structured_content(location="Chicago"),
    everything.echo(message="hello"),
    everything.get_tiny_image(),
)
first_image = next((part for part in image if isinstance(part, dict) and part.get("type") == "image"), None)
summary = "{city}: {t:.0f} degrees".format(city="Chicago", t=weather["temperature"])
{"summary": summary, "echo": echoed, "mime": first_image["mimeType"], "keys": sorted(weather)}
