"""What MkDocs does not do by itself: pages from outside docs/, KaTeX from Debian's package, pages without a place."""

from pathlib import Path

from mkdocs.structure.files import File

here = Path(__file__).parent
root = here.parents[1]
katex = Path("/usr/share/javascript/katex")
outside = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "CITATION.cff"]


def named(nav):
    for entry in nav:
        for value in entry.values() if isinstance(entry, dict) else [entry]:
            yield from named(value) if isinstance(value, list) else [value]


def on_config(config):
    if not katex.exists():
        raise SystemExit(f"{katex}: not there (scripts/install-packages.sh docs)")
    docs = Path(config.docs_dir)
    pages = [str(page.relative_to(docs)) for page in sorted(docs.rglob("*.md"))]
    known = set(named(config.nav))
    if more := [page for page in pages if page not in known]:
        config.nav.append({"More": more})
    return config


def on_files(files, config):
    def add(path, source):
        files.append(File(path, str(source), config.site_dir, use_directory_urls=False))

    for page in outside:
        add(page, root)
    for name in ["math.js", "style.css"]:
        add(name, here)
    for path in ["katex.min.js", "katex.min.css", *(f"fonts/{font.name}" for font in (katex / "fonts").iterdir())]:
        add(f"katex/{path}", katex.parent)
    return files


def on_page_markdown(markdown, page, **_):
    """The site has the pages outside docs/ beside those in it."""
    if page.file.src_uri in outside:
        return markdown.replace("](docs/", "](")
    up = "../" * (page.file.src_uri.count("/") + 1)
    for name in outside:
        markdown = markdown.replace(f"]({up}{name}", f"]({up[3:]}{name}")
    return markdown
