"""Opens the pages that `verikeep get` wrote and looks at each as a reader would; scripts/pages says how it is called.

A page is loaded once, and turned from view to view. One browser, without a network, serves all of them.
"""

import argparse
import os
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import Error, sync_playwright

FLAGS = [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync',
]
LANGUAGES = {'zh': 'zh-CN', 'en': 'en'}
SCHEMES = ['light', 'dark']
# A telephone, a screen, and a sheet of A4 between its margins.
WIDTHS = [360, 1280]
PAPER = 718
HEIGHT = 900
WAIT_MS = 15_000

# Everything that was to be loaded is, or has failed.
LOADED = '''() => [...document.images].every(image => image.complete)
    && [...document.querySelectorAll('video')].every(video => video.readyState > 0 || video.error)'''

# Elements and attributes that no page of ours has, and media that do not show.
CONTENT = '''() => {
    const foreign = [...document.querySelectorAll('script, iframe, frame, object, embed, form, base, svg, link, [http-equiv=refresh]')];
    const running = [...document.querySelectorAll('*')].filter(one => [...one.attributes].some(attribute =>
        attribute.name.startsWith('on') || attribute.name === 'style' || /^\\s*(javascript|data):/i.test(attribute.value)));
    const blind = [...document.images].filter(image => !image.naturalWidth);
    const still = [...document.querySelectorAll('video')].filter(video => !(video.readyState > 0 && video.duration > 0 && video.videoWidth));
    return [[foreign, 'does not belong into a page'], [running, 'has an attribute that runs'], [blind, 'does not decode'],
        [still, 'has no metadata']].flatMap(([found, what]) => found.map(one => `${one.cloneNode().outerHTML.slice(0, 200)} ${what}`));
}'''

LINKS = '''() => [...document.querySelectorAll('a[href]')].map(link => link.href)'''

# What can be read in a language, and which of it is said to be in another.
READ = '''language => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const read = [], wrong = [];
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
        const words = text.data.trim(), within = text.parentElement;
        if (!words || !within.checkVisibility()) continue;
        read.push(words);
        const ours = within.closest('.zh, .en');
        if (ours && ours.className !== language) wrong.push(`${words} is not hidden`);
        if (ours && !ours.lang.startsWith(language)) wrong.push(`${words} is said to be ${ours.lang}`);
        // Chinese in a page in English is what somebody else wrote.
        if (language === 'en' && /\\p{Script=Han}/u.test(words) && !within.closest('bdi, body [lang|=zh]')) wrong.push(`${words} is Chinese`);
    }
    return { text: read.join(' '), wrong };
}'''

# One frame is drawn before anything is measured.
DRAWN = '''() => new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(() => drawn({
    beyond: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    ground: getComputedStyle(document.body).backgroundColor,
    squeezed: [...document.querySelectorAll('th, td')].filter(cell => cell.innerText.length > 9 && cell.clientWidth < 40).length,
    switched: document.querySelector('.switch').checkVisibility(),
}))))'''

AXE = '''() => axe.run(document, { resultTypes: ['violations'] }).then(found => found.violations.map(one =>
    `${one.id}: ${one.help}: ${one.nodes.map(node => node.html.slice(0, 160)).slice(0, 3).join(' | ')}`))'''


def path_of(url):
    parts = urlsplit(url)
    return Path(unquote(parts.path)) if parts.scheme == 'file' and not parts.netloc else None


class Reader:
    """One page, what was seen of it, and what is wrong."""

    def __init__(self, context, file, root, shots):
        self.file, self.root, self.shots = file, root, shots
        self.name = str(file.parent.relative_to(root.parent)).replace(os.sep, '-')
        self.faults = []
        self.views = 0
        self.navigations = 0
        self.page = context.new_page()
        self.listen(self.page)

    def fault(self, what, where='as it opens'):
        self.faults.append(f'{self.file.relative_to(self.root.parent)}, {where}: {what}')

    def listen(self, page):
        """Whatever happens by itself is wrong."""
        page.on('console', lambda said: said.type in ('error', 'warning') and self.fault(f'the console says {said.text}'))
        page.on('pageerror', lambda error: self.fault(f'a script ran and failed: {error}'))
        page.on('dialog', lambda dialog: (self.fault(f'a dialog opens: {dialog.message}'), dialog.dismiss()))
        page.on('popup', lambda popup: self.fault(f'a window opens: {popup.url}'))
        page.on('download', lambda download: self.fault(f'a download begins: {download.url}'))
        page.on('request', self.asked)
        page.on('requestfailed', self.failed)
        page.on('framenavigated', self.navigated)

    def asked(self, request):
        path = path_of(request.url)
        if path is None or not path.is_relative_to(self.root):
            self.fault(f'asks for {request.url}, which is not below the folder')

    def failed(self, request):
        # A browser stops reading a video once it knows how long it is; whether it plays is looked at below.
        if request.resource_type != 'media':
            self.fault(f'cannot load {request.url}: {request.failure}')

    def navigated(self, _frame):
        self.navigations += 1

    def read(self, axe):
        page = self.page
        page.goto(self.file.as_uri(), wait_until='load')
        try:
            page.wait_for_function(LOADED, timeout=WAIT_MS)
        except Error as error:
            self.fault(f'images or videos do not load: {error.message}')
        for fault in page.evaluate(CONTENT):
            self.fault(fault)
        page.evaluate(axe)
        texts = {language: self.in_language(language) for language in LANGUAGES}
        if texts['zh'] == texts['en']:
            self.fault('the switch of language changes nothing')
        links = page.evaluate(LINKS)
        if self.navigations != 1:
            self.fault(f'it was navigated {self.navigations} times')
        page.close()
        return links

    def in_language(self, language):
        self.page.emulate_media(media='screen')
        self.page.click(f'label[for={language}]')
        read = self.page.evaluate(READ, language)
        for wrong in read['wrong']:
            self.fault(wrong, language)
        grounds = set()
        for scheme in SCHEMES:
            for width in WIDTHS:
                grounds.add(self.look(language, 'screen', scheme, width)['ground'])
        if len(grounds) != len(SCHEMES):
            self.fault(f'light and dark have the ground {grounds}', language)
        # Not every browser prints a page that is dark in light colours.
        for scheme in SCHEMES:
            if self.look(language, 'print', scheme, PAPER)['switched']:
                self.fault('the switch of language is printed', language)
        pdf = self.page.pdf(format='A4', print_background=True)
        if self.shots:
            (self.shots / f'{self.name}-{language}.pdf').write_bytes(pdf)
        return read['text']

    def look(self, language, media, scheme, width):
        """One view: what was measured of it."""
        self.page.emulate_media(media=media, color_scheme=scheme)
        self.page.set_viewport_size({'width': width, 'height': HEIGHT})
        view = f'{language}-{media}-{scheme}-{width}'
        drawn = self.page.evaluate(DRAWN)
        if drawn['beyond'] > 0:
            self.fault(f'{drawn["beyond"]} px are beyond the edge', view)
        if drawn['squeezed'] > 0:
            self.fault(f'{drawn["squeezed"]} cells break their text letter by letter', view)
        for violation in self.page.evaluate(AXE):
            self.fault(violation, view)
        if self.shots:
            self.page.screenshot(path=self.shots / f'{self.name}-{view}.png', full_page=True)
        self.views += 1
        return drawn

    def follow(self, context, links):
        """The files that it leads to: each is there, and what a browser shows as text stays text."""
        for link in sorted(set(links)):
            path = path_of(link)
            if path is None or not path.is_relative_to(self.root) or not path.is_file():
                self.fault(f'leads to {link}, which is no file below the folder')
            elif path.suffix in ('.txt', '.json'):
                page = context.new_page()
                self.listen(page)
                page.goto(link)
                kind = page.evaluate('document.contentType')
                if kind not in ('text/plain', 'application/json'):
                    self.fault(f'{path.name} is opened as {kind}')
                page.close()


def arguments():
    parser = argparse.ArgumentParser(prog='scripts/pages')
    parser.add_argument('--shots', type=Path, help='a folder for pictures of what was seen')
    parser.add_argument('folders', metavar='FOLDER', type=Path, nargs='+')
    return parser.parse_args()


def main():
    args = arguments()
    if args.shots:
        args.shots.mkdir(parents=True, exist_ok=True)
    axe = Path(AXE_FILE_PATH).read_text()
    pages, views, faults = 0, 0, []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ['BROWSER'], args=FLAGS)
        context = browser.new_context(offline=True)
        for root in args.folders:
            root = root.resolve()
            for file in sorted(root.rglob('index.html')):
                reader = Reader(context, file, root, args.shots)
                reader.follow(context, reader.read(axe))
                pages, views = pages + 1, views + reader.views
                faults += reader.faults
        browser.close()
    print(*faults, sep='\n', end='\n' if faults else '')
    print(f'{pages} pages in {views} views, {len(faults)} faults')
    sys.exit(1 if faults or not pages else 0)


main()
