import asyncio

async def add(a: int, b: int) -> int:
    text = await everything.get_sum(a=a, b=b)
    return int(text.split(" is ")[1].rstrip("."))

async def main():
    numbers = list(range(1, 9))
    while len(numbers) > 1:
        pairs = [(numbers[i], numbers[i + 1]) for i in range(0, len(numbers), 2)]
        numbers = await asyncio.gather(*[add(a, b) for a, b in pairs])
    return numbers[0]

result = asyncio.run(main())
print(f"{result=}")
