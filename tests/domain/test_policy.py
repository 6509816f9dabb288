"""Choices that make no sense are refused with a sentence."""

from dataclasses import replace

import pytest

from backorder.domain.actions import tags_of_ours
from backorder.domain.policy import FIELDS, HELP, BackorderPolicy, NoticeKind, PolicyError, check, plausible_address
from tests.builders import units


def test_every_choice_has_its_line_of_help() -> None:
    assert sorted(HELP) == sorted(FIELDS)


def test_a_saved_change_is_a_new_version() -> None:
    assert BackorderPolicy(version=3).changed(handling_days=2) == BackorderPolicy(version=4, handling_days=2)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("lead_time_days", -1),
        ("handling_days", 61),
        ("settle_seconds", 3601),
        ("keep_back", units(-1)),
        ("tag_prefix", ""),
        ("tag_prefix", "back,order"),
        ("sender_name", "Shop\nBcc: all@example.com"),
        ("reply_to", "help@example"),
        ("reply_to", "a@example.com, b@example.com"),
        ("notices", frozenset({NoticeKind.ALLOCATED})),
    ],
)
def test_what_makes_no_sense_is_refused_and_names_its_field(field, value) -> None:
    with pytest.raises(PolicyError) as refused:
        BackorderPolicy().changed(**{field: value})
    assert refused.value.field == field


@pytest.mark.parametrize("address", ["a@b.example", "first.last+tag@shop.example.com", "ü@example.com"])
def test_one_address_is_taken(address) -> None:
    assert plausible_address(address) is True


@pytest.mark.parametrize(
    "address", ["", "a", "a@", "@b.c", "a@b", "a b@c.d", "a@b.c\r\nBcc: x@y.z", "a@b.c,d@e.f", "<a@b.c>", "a@b@c.d"]
)
def test_anything_else_is_not(address) -> None:
    assert plausible_address(address) is False


def test_a_tag_with_its_longest_ending_fits_into_an_orders_tag() -> None:
    longest = BackorderPolicy(tag_prefix="b" * 30)
    check(longest)
    assert max(len(tag) for tag in tags_of_ours(longest.tag_prefix)) <= 40
    with pytest.raises(PolicyError):
        check(replace(longest, tag_prefix="b" * 31))
