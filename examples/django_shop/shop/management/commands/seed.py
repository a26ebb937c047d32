"""Fill the shop: `manage.py seed --rows 100000`."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from examples.django_shop.shop.models import Order, Product

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterator

BATCH = 1000
WIDTH = 28
WOODS = ("Ash", "Beech", "Birch", "Cherry", "Elm", "Larch", "Maple", "Oak", "Pine", "Walnut")
THINGS = ("bench", "bookcase", "chair", "cupboard", "desk", "frame", "lamp", "shelf", "stool", "table")
CUSTOMERS = ("Ada", "Bo", "Chen", "Dörte", "Émile", "Farida", "Gábor", "Hana", "Ines", "João")


class Command(BaseCommand):
    """`seed`, with a bar on a terminal."""

    help = "Add a hundred products, where there are none, and orders of them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--rows", type=int, default=1000, help="orders to add (default: %(default)s)")

    def handle(self, *_: Any, rows: int, verbosity: int, **__: Any) -> None:
        dice = random.Random(rows)  # noqa: S311 - the same shop each time; nothing here is secret
        if not Product.objects.exists():
            Product.objects.bulk_create(goods(dice))
        products = list(Product.objects.order_by("id"))
        with transaction.atomic():
            for done in range(0, rows, BATCH):
                Order.objects.bulk_create(orders(dice, products, min(BATCH, rows - done)))
                if self.stdout.isatty():
                    self.stdout.write(f"\r{bar(done, rows)}", ending="\x1b[K")
                    self.stdout.flush()
        if verbosity:
            start = "\r\x1b[K" if self.stdout.isatty() else ""
            self.stdout.write(f"{start}{Order.objects.count():,} orders of {len(products)} products")


def bar(done: int, total: int) -> str:
    filled = WIDTH * done // total
    return f"[{'#' * filled}{'.' * (WIDTH - filled)}] {done:,}/{total:,} orders"


def goods(dice: random.Random) -> Iterator[Product]:
    for thing in THINGS:
        for wood in WOODS:
            price = dice.randrange(1900, 89900, 500)
            yield Product(name=f"{wood} {thing}", price=f"{price / 100:.2f}", stock=dice.randrange(5, 300))


def orders(dice: random.Random, products: list[Product], count: int) -> Iterator[Order]:
    now = timezone.now()
    for _ in range(count):
        product, quantity = dice.choice(products), dice.choice((1, 1, 1, 2, 4, 6))
        yield Order(
            product=product,
            customer=dice.choice(CUSTOMERS),
            quantity=quantity,
            total=quantity * product.price,
            placed=now - timedelta(seconds=dice.randrange(14 * 86400)),
        )
