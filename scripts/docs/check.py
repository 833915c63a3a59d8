"""check.py SITE: the built pages ask for nothing from elsewhere and their links lead somewhere; the pages' sources name
files that exist, and equation numbers that are defined once."""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

site = Path(sys.argv[1]).resolve()
root = Path(__file__).resolve().parents[2]
folders = ["apps", "bench", "cmake", "data", "docs", "integrals", "models", "python", "scripts", "simulation", "solver", "tests"]
troubles = []


class Page(HTMLParser):
    """Names to link to, links, and what the browser loads with the page."""

    def __init__(self, path):
        super().__init__()
        self.names, self.links, self.loads = set(), [], []
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        of = dict(attributes)
        self.names.add(of.get("id"))
        if tag == "a" and of.get("href"):
            self.links.append(of["href"])
        elif tag == "link" and of.get("rel") not in ("canonical", "prev", "next"):
            self.loads.append(of["href"])
        if of.get("src"):
            self.loads.append(of["src"])


pages = {path: Page(path) for path in site.rglob("*.html") if path.name != "404.html"}
for path, page in pages.items():
    for link in page.links + page.loads:
        parts = urlsplit(link)
        if parts.scheme in ("http", "https", "data"):
            if link in page.loads and parts.scheme != "data":
                troubles.append(f"{path.name}: loads {link}")
            continue
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        if target.is_dir():
            target /= "index.html"
        if not target.exists():
            troubles.append(f"{path.name}: {link}: no such page")
        elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].names:
            troubles.append(f"{path.name}: {link}: no such place")

others = "comparison.md"  # names files of other programs
texts = [root / "README.md", root / "CONTRIBUTING.md", *sorted(p for p in (root / "docs").glob("*.md") if p.name != others)]
for path in texts:
    for name in re.findall(r"`([\w./-]+)`", path.read_text()):
        source = re.fullmatch(r"[\w/-]+\.(cpp|hpp|py|mjs|cmake|sh|def)", name) and "NAME" not in name
        inside = name.split("/")[0] in folders and "/" in name and "NAME" not in name
        if inside and not (root / name).exists() and not (root / f"{name}.cpp").exists():  # a program by its name
            troubles.append(f"{path.name}: {name}: no such file")
        elif source and not inside and not any(file.match(name) for folder in folders for file in (root / folder).rglob("*")):
            troubles.append(f"{path.name}: {name}: no such file")

tags = re.compile(r"\\tag\{([\d.]+)\}")
defined = [tag for name in ("equations.md", "stability.md") for tag in tags.findall((root / "docs" / name).read_text())]
troubles += [f"equation ({tag}) is defined twice" for tag in set(defined) if defined.count(tag) > 1]
known = set(defined) | set(tags.findall((root / "docs" / "glm.md").read_text()))
for path in [root / "docs" / "equations.md", *(root / "models").rglob("*.?pp")]:
    for line in path.read_text().splitlines():
        said = line if path.suffix == ".md" else line.partition("//")[2]
        for tag in re.findall(r"\(([1-9]\.\d+)\)", said):
            if tag not in known:
                troubles.append(f"{path.name}: ({tag}): no such equation")

print("\n".join(troubles))
sys.exit(1 if troubles else 0)
