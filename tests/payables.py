"""Messages that are paid in WhatsApp, as Hypothesis makes them up."""

from hypothesis import strategies as st

from flows.messages import OrderDetails, OrderStatus
from flows.payable import GATEWAYS, Beneficiary, Gateway, Importer, Item, PaymentLink, PixCode, UpiLink

WORDS = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=40)
TEXTS = st.text(min_size=1, max_size=1500).filter(str.strip)
REFERENCES = st.from_regex(r"\A[A-Za-z0-9_.-]{1,35}\Z")
AMOUNTS = st.integers(0, 10**9)
IMPORTERS = st.builds(Importer, WORDS, WORDS, WORDS, WORDS, st.just("411001"))
IMPORTED = {"origin": st.just("India"), "importer": IMPORTERS}
# Each is dearer than the largest discount: somebody has to pay something.
ITEMS = st.builds(
    Item, WORDS, st.integers(2, 10**9), st.integers(1, 99), image=st.sampled_from(["", "https://shop.example/a.png"]),
    **IMPORTED,
) | st.builds(Item, WORDS, st.just(2000), retailer_id=WORDS, sale_amount=st.integers(2, 2000), **IMPORTED)  # fmt: skip
WAYS = (
    st.builds(Gateway, st.sampled_from(sorted(GATEWAYS)), WORDS, st.text(max_size=100))
    | st.just(UpiLink("upi://pay?pa=shop%40bank&pn=Nukkad&mc=5411&purpose=03&tr=w1"))
    | st.just(PaymentLink("https://pay.example/w1"))
)
PIX = st.builds(PixCode, st.just("000201"), WORDS, st.just("chave@loja.example"), st.just("EMAIL"))
PEOPLE = st.builds(Beneficiary, WORDS, WORDS, WORDS, WORDS, st.just("411001"), line2=st.just("") | WORDS)
_PARTS = {
    "body": TEXTS, "words": TEXTS, "reference": REFERENCES, "is_digital": st.booleans(), "tax": AMOUNTS,
    "tax_words": st.text(max_size=60).filter(lambda text: not text or bool(text.strip())), "shipping": AMOUNTS,
    "discount": st.just(0) | st.just(1), "expires_at": st.none() | st.integers(10**9, 2 * 10**9), "is_quick": st.booleans(),
}  # fmt: skip
IN_INDIA = st.builds(
    OrderDetails,
    items=st.lists(ITEMS, min_size=1, max_size=10).map(tuple),
    ways=WAYS.map(lambda way: (way,)),
    beneficiaries=st.just(()) | PEOPLE.map(lambda person: (person,)),
    **_PARTS,
)
IN_BRAZIL = st.builds(
    OrderDetails,
    items=st.lists(st.builds(Item, WORDS, st.integers(2, 10**9), retailer_id=WORDS), min_size=1).map(tuple),
    ways=PIX.map(lambda way: (way,)) | PIX.map(lambda way: (way, PaymentLink("https://pay.example/w1"))),
    currency=st.just("BRL"),
    **_PARTS,
)  # fmt: skip
DETAILS = IN_INDIA | IN_BRAZIL
PROGRESS = st.builds(
    OrderStatus, TEXTS, REFERENCES, st.sampled_from(["processing", "shipped", "completed", "canceled"]), TEXTS
) | st.builds(OrderStatus, TEXTS, REFERENCES, st.just("processing"), payment=st.just("captured"), payment_at=st.just(1))
