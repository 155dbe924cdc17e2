"""What gateways that browse draw from a screen: title, links and a form instead of numbered lines."""

from typing import Any
from xml.etree import ElementTree as ET

from channels.ussd.profiles.wire import Outgoing, address_mark

ENTRY = "response"
DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>'


def title_of(answer: Outgoing) -> str:
    """Return the screen without the lines of its options."""
    return answer.text if answer.title is None else answer.title


def links_of(answer: Outgoing, number: int) -> list[dict[str, str]] | None:
    """Return the options as links of the next turn, None where there is nothing to choose."""
    links = [
        {"id": key, "content": label, "url": f"{address_mark()}/{number}?{ENTRY}={key}", "method": "POST"}
        for key, label in answer.options
    ]
    return links or None


def form_of(answer: Outgoing, number: int) -> dict[str, Any] | None:
    """Return the form of a screen that waits for text, None elsewhere."""
    asks = answer.asks
    if asks is None or not answer.has_more:
        return None
    kind = f"digits[{asks.digits[0]},{asks.digits[1]}]" if asks.digits else "text"
    return {"method": "POST", "url": f"{address_mark()}/{number}", "type": kind, "password": asks.is_secret}


def page_of(answer: Outgoing, number: int) -> bytes:
    """Return the whole xHTML page."""
    html = ET.Element("html")
    head, body = ET.SubElement(html, "head"), ET.SubElement(html, "body")
    if not answer.has_more:
        ET.SubElement(head, "meta", {"name": "nav", "content": "end"})
    first, *lines = title_of(answer).split("\n")
    body.text = first
    for line in lines:
        ET.SubElement(body, "br").tail = line
    ET.SubElement(body, "br")
    for link in links_of(answer, number) or ():
        anchor = ET.SubElement(body, "a", {"href": link["url"], "accesskey": link["id"]})
        anchor.text = link["content"]
        ET.SubElement(body, "br")
    if answer.asks is not None and answer.has_more:
        form = ET.SubElement(body, "form", {"action": f"{address_mark()}/{number}"})
        ET.SubElement(form, "input", {"type": "text", "name": ENTRY})
    octets: bytes = ET.tostring(html, "utf-8", xml_declaration=False)
    return DECLARATION + octets
