"""What looks like a fault, and isn't one; beside it what looks much the same, and is one."""

from collections.abc import Mapping
from typing import Any, Final

import pytest

from tests.producers.checking import draft, finds, found, other

MAIL: Final = {"content_type": "email"}
POST: Final = {"content_type": "social_post"}
SCRIPT: Final = {"content_type": "video_script"}
NO_CAPITALS: Final = {"guidelines": {"never": ["all caps"]}}
NO_I: Final = {"guidelines": {"never": ["first person singular"]}}
BRIEF: Final = {"brief": "A bakery."}
BRITISH: Final = {"guidelines": {"language": "en-GB"}}
AMERICAN: Final = {"guidelines": {"language": "en-US"}}

CASES: Final[Mapping[str, list[tuple[bool, str, Mapping[str, Any]]]]] = {
    "unsubscribe": [
        (False, "[Unsubscribe]({{ unsubscribe_url }})", MAIL),
        (False, "Unsubscribe: {{ unsubscribe_link }}", MAIL),
        (False, "[Leave]({% unsubscribe %})", MAIL),
        (False, "Too many mails? *|UNSUB|*", MAIL),
        (False, "[Leave](<%asm_group_unsubscribe_raw_url%>)", MAIL),
        (False, "[Leave](%unsubscribe_url%)", MAIL),
        (False, "[Manage your preferences](https://b.shop/p)", MAIL),
        (False, "[Email preferences](https://b.shop/p)", MAIL),
        (False, "[Leave](https://b.shop/preference-center)", MAIL),
        (False, "[Vom Newsletter abmelden](https://b.shop/p)", MAIL),
        (False, "[Hier](https://b.shop/p?a=abmeldung)", MAIL),
        (False, "[Newsletter abbestellen](https://b.shop/p)", MAIL),
        (False, "To unsubscribe, reply to this mail with “stop”.", MAIL),
        (False, '```html\n<a href="https://b.shop/unsubscribe">Bye</a>\n```', MAIL),
        (False, "Your invoice", MAIL | {"metadata": {"transactional": True}}),
        (False, "Your invoice", {"content_type": "transactional_email"}),
        (True, "Your invoice", MAIL | {"metadata": {"transactional": False}}),
        (True, "You may unsubscribe at any time.", MAIL),
        (True, "Hello {{ first_name }}, [order](https://b.shop)", MAIL),
    ],
    "unsupported-claims": [
        (False, "Let's say that Dana nets $90,000.\n\nShe pays $600.", BRIEF),
        (False, "Say your rent is $18,000. Then you may take $1,800.", BRIEF),
        (False, "Suppose you earn £50,000.\n\n|Salary|\n|-|\n|£30,000|", BRIEF),
        (True, "Let's say that Dana nets $90,000.\n\n## Prices\n\nWe ask for $600.", BRIEF),
        (True, "Let's say that 4,000 customers come.", BRIEF),
        (True, "They say our rye costs $600.", BRIEF),
        (True, "It's $600. Let's say that Dana nets $90,000.", BRIEF),
        (False, "Family: 2 adults and 3 children.", BRIEF),
        (False, "7 best practices, 3 drivers of growth, 2 branches of thyme.", BRIEF),
        (False, "2 coffee makers, 2 baby carriers and 4 ceiling fans.", BRIEF),
        (True, "2,000 children learn to bake.", BRIEF),
        (True, "We say a loaf is worth $600.", BRIEF),
        (True, "Nine in ten of our customers come back.", BRIEF),
        (True, "4,700 drivers a week check in.", BRIEF),
        (True, "We've helped over 12,000 business owners.", BRIEF),
        (True, "25,000 gardeners can't be wrong.", BRIEF),
        (True, "Used in 1,200 clinics by 300 nurses.", BRIEF),
        (False, "In 2025 customers asked for rye.", BRIEF),
        (False, "Since 2012 most homes have an oven.", BRIEF),
        (False, "From 8 June families may come, and on June 9 guests, too.", BRIEF),
        (False, "Within 24 hours customers get an answer, after 6 months members a book.", BRIEF),
        (False, "At 8:30 guests arrive, at 9 a.m. shoppers, at 7 readers.", BRIEF),
        (False, "Open 24/7 customers or not. On 12/5/2026 we close.", BRIEF),
        (False, "A strip 1/50 of an inch; 1/5 of the dough.", BRIEF),
        (False, "A table for 6 people, sleeps up to 4 guests.", BRIEF),
        (False, "Payment: $42.", BRIEF | {"metadata": {"transactional": True}}),
        (False, "Tip #1 for bakers: step number one in our list.", BRIEF),
        (False, "Week 4 members, iOS 17 users, and people aged 30 readers.", BRIEF),
        (False, "```\n40% off\n```", BRIEF),
        (True, "Loved by 2000 customers.", BRIEF),
        (True, "Over 500 small businesses order.", BRIEF),
        (True, "2,000 of our customers come back.", BRIEF),
        (True, "They rate us 4.5/5.", BRIEF),
        (True, "The number one bakery.", {"brief": "A shop."}),
    ],
    "past-dates": [
        (True, "Visit our stand on 3 March 2025.", {}),
        (True, "The show about the Great War opens on 3 March 2025.", {}),
        (False, "Der Umzug war am 3. März 2025, jetzt sind wir da.", {}),
        (True, "Unser Angebot gilt bis zum 15. März 2026.", {}),
        (True, "Der Kurs beginnt am 15.03.2026.", {}),
        (True, "Anmeldung bis Samstag, 14. November 2026.", {}),
        (False, "Seit dem 15. März 2026 haben wir geöffnet.", {}),
        (False, "Am 15.03.2026 wurde der Laden eröffnet.", {}),
        (False, "Der Kurs beginnt am 15. März 2027.", {}),
        (False, "The project ran from 3 March 2025 to 1 May 2025.", {}),
        (False, "Kick-off: 3 March 2025.", {}),
        (False, "By 30 September 2025 traffic had doubled.", {}),
        (False, "By 30 September 2025 we reached every shop.", {}),
        (False, "Photo: Ottilie, 3 March 2025.", {}),
        (True, "Join us on 3 March 2025.", {}),
        (True, "The offer is valid until 3 March 2025.", {}),
        (True, "The webinar: 3 March 2025, 6 pm.", {}),
        (True, "The next tour leaves on 2025-03-03.", {}),
        (True, "Join on 1 Dec 2026.", {"metadata": {"publishDate": "2026-12-02T09:00:00Z"}}),
        (False, "Join on 3 Dec 2026.", {"metadata": {"publishDate": "2026-12-02T23:00:00-05:00"}}),
    ],
    "impossible-dates": [
        (True, "Am 31. April 2027.", {}),
        (True, "Am 31.04.2027.", {}),
        (True, "Am Montag, dem 15. März 2027, und am Dienstag, 15.03.2027.", {}),
        (False, "Am Montag, dem 15. März 2027, und am Montag, 15.03.2027.", {}),
        (False, "Version 1.31.04.2027, IP 10.31.4.2027, and 31.4.20 pounds.", {}),
    ],
    "placeholders": [
        (False, "Hello<br>you, <b>dear</b> <o:p></o:p><my-tag>reader</my-tag>.", {}),
        (False, "<TABLE><TR><TD>Rye</TD></TR></TABLE>", MAIL),
        (False, "The XX chromosome, Super Bowl XX, size XXL.", {}),
        (True, "Dear <FIRST NAME>,", MAIL),
        (True, "Dear <first name>,", MAIL),
        (True, "<p>Dear <FIRST NAME>,</p>", MAIL),
        (True, "<p>Dear <insert name>,</p>", MAIL),
        (True, "Dear <your name here>,", {}),
        (True, "Nur XX Euro.", {}),
        (True, "Only XX dollars, or €XX.", {}),
        (True, "On XX.XX.2027.", {}),
        (False, "“It was [at the time] the only one,” he says.", {}),
        (True, "Congratulations on [pet name]!", MAIL),
        (True, "Hello [your child's name],", MAIL),
        (True, "Guten Tag, [Vorname],", MAIL),
        (True, "Am [Datum] in [Ort].", {}),
        (True, "Herr Mustermann kommt.", {}),
        (False, "Put `[name]` and `{{name}}` there.\n\n```\nTODO: [date] XXX\n```", {}),
        (False, "- [x] Flour\n- [ ] Salt", {}),
        (False, "“It was [...] good,” she says. Really???", {}),
        (False, "[Add to calendar] or [Choose a date]", {}),
        (False, "[Image]\n\nVisual: [logo] on white.\n[Insert drone shot of the shop]", SCRIPT),
        (False, "https://b.shop/?utm_campaign={{campaign.name}}", POST),
        (False, "TK Maxx sells bowls.", {}),
        (True, "Call [name] today.", SCRIPT),
        (True, "On-screen text: [insert URL]", SCRIPT),
        (True, "Dear {{ first_name }},", POST),
        (True, "It opens on [date].", {}),
    ],
    "repeated-sentences": [
        (False, "[Book your first visit now](https://b.shop)\n\n" * 2, {}),
        (False, '<a href="https://b.shop">Book your first visit now</a><br>' * 2, {}),
        (False, "Visual: the shelf is empty again today.\n\n" * 2, SCRIPT),
        (True, "We bake it every single day.\n\n" * 2, {}),
    ],
    "call-to-action": [
        (False, "The rye is in. [Arrange a visit](https://b.shop)\n\n" + "It is good. " * 9, {}),
        (False, "First frost. What's left in yours? Show us.", POST),
        (False, "The rye is in. Have your say by Friday.", {}),
        (False, "The rye is in. Nominate a baker.", {}),
        (False, "The rye is in. It's warm, and it's ours. Link in bio 👆", POST),
        (True, "The rye is in. There is no link in it.", POST),
        (True, "The rye is in. Like last year, it is good. Thank you.", {}),
        (False, "Unser Brot ist da. Jetzt Tisch reservieren.", {"guidelines": {"language": "de"}}),
        (False, "Bestellen Sie bis Freitag.", {"guidelines": {"language": "de-AT"}}),
        (False, "Melde dich an.", {"metadata": {"language": "de"}}),
        (False, "Das Brot ist da, und wir sind es auch. [Jetzt anmelden](https://b.shop)", {}),
        (
            False,
            "Das Brot ist da. [Sorten ansehen](https://b.shop)",
            {"guidelines": {"language": "de"}},
        ),
        (False, "Loaves from $4 → bakery.shop/loaves", POST),
        (False, "Le pain est là.", {"guidelines": {"language": "fr"}}),
        (True, "Das Brot ist da, und es ist noch warm.", {"guidelines": {"language": "de"}}),
    ],
    "links": [
        (False, "See [1] (page 3) and [a note](https://b.shop/a%20b.pdf).", {}),
        (False, "[Cut to logo] (https://b.shop)", SCRIPT),
        (False, "`[A](https://b.shop/a b)`", {}),
        (True, "A [sample](https://b.shop/a b.pdf) is there.", {}),
        (True, "A [sample](https://b.shop/a.pdf is there.", {}),
        (True, "A [sample] (https://b.shop/a.pdf) is there.", {}),
        (True, "A (sample)[https://b.shop/a.pdf] is there.", {}),
        (False, "[Down](#café)\n\n# Café", {}),
        (False, "[Down](#tea-coffee)\n\n# Tea & coffee", {}),
        (False, "[Down](#rye-1)\n\n# Rye\n\n# Rye", {}),
        (False, "[Down](#more)\n\n# Rye {#more}", {}),
        (False, "[Up](#top)", {}),
        (False, "```\nhttps://example.com\n```", {}),
        (False, "[Leave](%unsubscribe_url%)", {}),
        (False, "[Order]({{ order_url }}) or [this](https://b.shop/{{ slug }})", {}),
        (True, "[Down](#rye-2)\n\n# Rye\n\n# Rye", {}),
    ],
    "utm-parameters": [
        (False, "See https://b.shop?utm_source=a&utm_medium=m&utm_campaign=c.", {}),
        (False, "[A](https://b.shop?utm_source=a&utm_medium=m&utm_campaign={{ c }})", {}),
        (False, "[A](https://b.shop?utm_source=a&utm_medium=m&utm_campaign=*|C|*)", {}),
        (False, "[A](https://b.shop?utm_source=a&utm_medium=m&utm_campaign={campaignid})", {}),
        *(
            (
                is_found,
                "[A](https://b.shop?utm_source=a&utm_medium=m&utm_campaign=c)",
                {"others": (other(f"https://b.shop?utm_campaign={name}", same_campaign=True),)},
            )
            for is_found, name in [(False, "c."), (False, "{{c}}"), (True, "d.")]
        ),
    ],
    "tone": [
        (
            False,
            "HOOK (0-3): We bake.\nTEXT ON SCREEN: Rye\nDR. OKAFOR (V.O.): We do.",
            SCRIPT | NO_CAPITALS,
        ),
        (False, "CTA: Order.\nCOACH: We bake.", SCRIPT | NO_CAPITALS),
        (True, "COACH: We bake FREE bread.", SCRIPT | NO_CAPITALS),
        (False, "The GDPR and NIST.", NO_CAPITALS),
        (True, "FREE bread.", NO_CAPITALS),
        (False, "[FLOUR. WATER.]\n\nHOOK (0–3 s)\n\nWe bake.", SCRIPT | NO_CAPITALS),  # noqa: RUF001
        (True, "VO: We bake FREE bread.", SCRIPT | NO_CAPITALS),
        (False, "After World War I, in Part I of the book.", NO_I),
        (False, "How often should I order? As you like.", NO_I),
        (True, "After the war I baked.", {"guidelines": {"never": ["first person singular"]}}),
    ],
    "alt-texts": [
        (False, "<img src='a.jpg' alt=''>", {}),
        (False, "<img src=a.jpg alt>", {}),
        (False, '<img alt = "" src="https://b.shop/a.jpg?b=1&amp;c=2">', {}),
        (False, '<img src="a.jpg" role="presentation">', {}),
        (False, '<img src="o.gif" width="1" height="1">', {}),
        (True, "<img src='a.jpg'>", {}),
        (True, "<img src='a.jpg' alt='image'>", {}),
    ],
    "social-limits": [
        (False, "#1 #2 #3 #4 #5 #6 C# a#b", {"content_type": "instagram_post"}),
        (False, "[a](https://b.shop/#a) https://b.shop/#b" * 4, {"content_type": "instagram_post"}),
        (False, "Look at it. " * 15 + "\n---\n" + "And look. " * 15, {"content_type": "x_post"}),
        (False, "a" * 4000, {"content_type": "tiktok_post"}),
        (True, "Look.\n---\n" + "a" * 281, {"content_type": "x_post"}),
        (True, "a" * 4001, {"content_type": "tiktok_post"}),
    ],
    "spoken-length": [
        *(
            (
                is_found,
                f"|Time|Visual|Voiceover|\n|-|-|-|\n|0:10|{'a ' * shown}|{'b ' * said}|",
                SCRIPT | {"metadata": {"duration": "0:30"}},
            )
            for is_found, shown, said in [(False, 200, 80), (True, 0, 81)]
        ),
        (False, f"(One (two) {'a ' * 90})\n\nWe bake.", SCRIPT | {"metadata": {"duration": 5}}),
        (False, f"INT. SHOP\n\nBild: {'a ' * 90}", SCRIPT | {"metadata": {"duration": 5}}),
    ],
    "near-duplicates": [
        *(
            (
                True,
                " ".join("abcdefghijklmnop"),
                {"others": (other(front + " ".join("abcdefghijklmnop")),)},
            )
            for front in ("", f"---\nsubject: {'words of another kind ' * 9}\n---\n")
        ),
    ],
    "preheader-length": [
        (False, f"---\n# For the service\npreheader: {'a' * 40}\ntags:\n- a\n- b\n---\nText", MAIL),
        (False, f"---\ntags: [a, b]\npreheader: >\n  {'a' * 30}\n  {'b' * 30}\n---\nText", MAIL),
        (True, f"---\nNo key here\npreheader: {'a' * 40}\n---\nText", MAIL),
    ],
    "doubled-words": [
        (True, "If she's she's early.", {}),
        (True, "It\u2019s it\u2019s warm.", {}),
        (True, "Brot für für alle.", {}),
        (False, "It's its own reward.", {}),
        (False, "The bakers' bakers rest.", {}),
    ],
    "readability": [
        (True, "Preliminary consultation identifies organisational responsibilities. " * 7, {}),
        (False, "Preliminary consultation identifies organisational responsibilities. " * 3, {}),
        (False, "The bakers deliver regional bread to every village on Saturday. " * 4, {}),
    ],
    "spelling": [
        (False, "The loo, the kerb and the draught-proofing.", BRITISH),
        (True, "The kerb.", AMERICAN),
        (False, "The internet, a whiteboard, a shoebox, a datasheet, crypto, my bio.", {}),
        (False, "A packrat's hotline, degreased drivetrains, a dartboard for one euro.", {}),
        (False, "Ojalá: it's an ojalá, dear, not a caffè.", {}),
        (False, "The packrat came.\n\n" * 20, {}),
        (True, "We like breadfrom here.", {}),
        (True, "It was a suprise, and carefull work.", {}),
        (True, "They are reknown for it.", {}),
        (True, "She was transfered, and therefor we need informations.", {}),
        (False, "Pearlescent paint for realtors and archaeology, in ochre.", {}),
        (False, "Off to uni in my biro-blue coat.", BRITISH),
        (False, "Focaccia with calendula, stollens, cobles and a fo'c'sle.", {}),
        (False, "On the 2nd floor, by the 3rd door, at 4pm, 500ml, 12kg, 30kwh.", {}),
        (False, "Go to warmrooms dot org dot uk.", SCRIPT),
        (True, "A polkaa dot dress.", {}),
        (True, "A calender for the year.", {}),
        (True, "We cant and wont.", {}),
        (True, "Thats it. We know whats in it, and its your's.", {}),
        (False, "It's ours; that's what's his, hers and theirs.", {}),
        (False, "A pre-baked, eco-friendly, rustic-ish loaf.", {}),
        (False, "Lindqvist came. Mailchimp works.", {}),
    ],
}


@pytest.mark.parametrize(
    ("benchmark_id", "is_found", "body", "changes"),
    [
        pytest.param(name, *case, id=f"{name}-{index}")
        for name, cases in CASES.items()
        for index, case in enumerate(cases)
    ],
)
def test_only_a_fault_is_reported(
    benchmark_id: str, is_found: bool, body: str, changes: Mapping[str, Any]
) -> None:
    assert finds(benchmark_id, body, **changes) is is_found


def test_an_email_in_a_block_of_code_is_read_as_html() -> None:
    body = '```html\n<h1>Rye</h1>\n<p style="color:#999;background:#fff">Recieve it.</p>\n```'

    assert finds("contrast", body, **MAIL)
    [finding] = found("spelling", draft(body, **MAIL))
    assert finding.section == "Rye"
    assert not finds("spelling", body)
