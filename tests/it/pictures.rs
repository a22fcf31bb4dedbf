//! The pictures of the README: what commands show on a terminal, as SVG, and whether they still show it.
//!
//! With `ORAS_PICTURES` in the environment, the pictures are made anew and kept in the folder that it names; `.ci/pictures`
//! does that. Without it they are compared, apart from the times of transfers and the order of lines.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use nix::pty::{Winsize, openpty};
use vt100::{Cell, Color, Parser};

use crate::support::world::words;
use crate::support::{Registry, Setup, World};

/// The terminal.
const COLUMNS: u16 = 100;
const ROWS: u16 = 40;
/// The size of a letter, in pixels.
const LETTER: (f32, f32) = (8.4, 19.0);
/// Around the text.
const MARGIN: f32 = 16.0;
/// The pictures: the name of the file, and the line that is shown.
const PICTURES: [(&str, &str); 3] = [
    ("push.svg", "oras push localhost:5000/hello:v1 hello.txt big.bin"),
    ("discover.svg", "oras discover localhost:5000/hello:v1"),
    ("copy.svg", "oras cp -r localhost:5000/hello:v1 localhost:5000/production/hello:v1"),
];
/// What is on both sides the same day, so that digests are the same.
const DATE: (&str, &str) = ("SOURCE_DATE_EPOCH", "1714557600");

/// The screen after a command, which is told of another registry.
fn screen(world: &World, registry: &Registry, line: &str) -> Parser {
    let size = Winsize { ws_row: ROWS, ws_col: COLUMNS, ws_xpixel: 0, ws_ypixel: 0 };
    let pair = openpty(Some(&size), None).unwrap();
    let end = || Stdio::from(pair.slave.try_clone().unwrap());
    let here = line.replace("localhost:5000", registry.address());
    let mut command = world.command(&words(&here)[1..]);
    command.env("TERM", "xterm").env("LANG", "C.UTF-8").env(DATE.0, DATE.1);
    let mut child = command.stdin(Stdio::null()).stdout(end()).stderr(end()).spawn().unwrap();
    drop((command, pair.slave));
    let mut drawn = Vec::new();
    // Linux ends the stream of a terminal that nobody holds any more with an error.
    let _ = File::from(pair.master).read_to_end(&mut drawn);
    assert!(child.wait().unwrap().success(), "{line}: {}", String::from_utf8_lossy(&drawn));
    let shown = String::from_utf8(drawn).unwrap().replace(registry.address(), "localhost:5000");
    let mut parser = Parser::new(ROWS, COLUMNS, 0);
    parser.process(format!("\x1b[1m$ {line}\x1b[0m\r\n{shown}").as_bytes());
    parser
}

/// The colour of a letter; of the usual one there is no word.
fn colour(colour: Color) -> Option<&'static str> {
    let Color::Idx(index) = colour else { return None };
    let palette = ["#6e7681", "#ff7b72", "#3fb950", "#d29922", "#58a6ff", "#bc8cff", "#39c5cf", "#e6edf3"];
    palette.get(usize::from(index % 8)).copied()
}

/// How a cell looks: colours of the letter and behind it, and whether it is bold.
fn look(cell: &Cell) -> (Option<&'static str>, Option<&'static str>, bool) {
    (colour(cell.fgcolor()), colour(cell.bgcolor()), cell.bold())
}

/// A picture of the screen on a ground of its own, which stands out from light pages and dark ones.
fn picture(parser: &Parser) -> String {
    let screen = parser.screen();
    let used = screen.rows(0, COLUMNS).collect::<Vec<_>>();
    let rows = used.iter().rposition(|row| !row.trim().is_empty()).map_or(0, |row| row + 1);
    let (width, height) = (f32::from(COLUMNS) * LETTER.0 + 2.0 * MARGIN, place(rows) + MARGIN);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" font-family=\"ui-monospace,Menlo,Consolas,monospace\" font-size=\"14\" fill=\"#e6edf3\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#0d1117\" stroke=\"#30363d\"/>\n"
    );
    for row in 0..rows {
        let mut column = 0;
        while column < COLUMNS {
            let cell = |column| screen.cell(u16::try_from(row).unwrap(), column).unwrap();
            let same = (column..COLUMNS).take_while(|at| look(cell(*at)) == look(cell(column)));
            let count = u16::try_from(same.count()).unwrap();
            let text: String = (column..column + count)
                .map(|at| cell(at).contents())
                .map(|text| if text.is_empty() { " " } else { text })
                .collect();
            run(&mut svg, (row, column), &text, look(cell(column)));
            column += count;
        }
    }
    svg + "</svg>\n"
}

/// Where the base line of a row is.
fn place(row: usize) -> f32 {
    MARGIN + LETTER.1 * f32::from(u16::try_from(row).unwrap())
}

/// Letters that look alike, in a row.
fn run(
    svg: &mut String,
    (row, column): (usize, u16),
    text: &str,
    (letter, ground, bold): (Option<&str>, Option<&str>, bool),
) {
    let x = MARGIN + f32::from(column) * LETTER.0;
    let length = f32::from(u16::try_from(text.chars().count()).unwrap()) * LETTER.0;
    if let Some(ground) = ground {
        let y = place(row) + 4.0;
        writeln!(svg, "<rect x=\"{x:.1}\" y=\"{y}\" width=\"{length:.1}\" height=\"12\" fill=\"{ground}\"/>")
            .unwrap();
    }
    let text = text.trim_end();
    if text.is_empty() {
        return;
    }
    let length = f32::from(u16::try_from(text.chars().count()).unwrap()) * LETTER.0;
    let fill = letter.map_or(String::new(), |colour| format!(" fill=\"{colour}\""));
    let weight = if bold { " font-weight=\"bold\"" } else { "" };
    let shown = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let y = place(row + 1) - 4.0;
    writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y}\" textLength=\"{length:.1}\" xml:space=\"preserve\"{fill}{weight}>{shown}</text>"
    )
    .unwrap();
}

/// The texts of a picture in some order, without times, speeds and what makes room for them.
fn told(svg: &str) -> Vec<String> {
    let texts = svg
        .lines()
        .filter_map(|line| line.strip_prefix("<text ")?.split_once('>')?.1.strip_suffix("</text>"));
    let lasts = |word: &str| word.ends_with('s') && word.starts_with(|letter: char| letter.is_ascii_digit());
    let steady =
        texts.map(|text| text.split_whitespace().filter(|word| !lasts(word)).collect::<Vec<_>>().join(" "));
    let mut told: Vec<String> = steady.filter(|text| !text.is_empty()).collect();
    told.sort();
    told
}

#[test]
fn the_pictures_show_what_is_shown() {
    let (world, registry) = (World::new(), Registry::start(Setup::default()));
    world.write("hello.txt", "hello, world\n");
    world.write("big.bin", vec![7; 32 << 20]);
    let attach = |to: &str, kind: &str, file: &str| {
        let line =
            format!("attach {}/hello{to} --artifact-type {kind} {file} --format json", registry.address());
        let run = world.run_with(&line, "", &[(DATE.0, DATE.1.as_ref())]).success();
        run.json()["digest"].as_str().unwrap().to_owned()
    };
    world.write("hello.sig", "signature of hello\n");
    world.write("sbom.json", "{\"files\": [\"hello.txt\"]}\n");
    world.write("sbom.sig", "signature of the SBOM\n");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(".github/pictures");
    let kept: Option<PathBuf> = std::env::var_os("ORAS_PICTURES").map(PathBuf::from);
    for (name, line) in PICTURES {
        let made = picture(&screen(&world, &registry, line));
        if name == "push.svg" {
            attach(":v1", "sig/example", "hello.sig");
            let sbom = attach(":v1", "sbom/example", "sbom.json:application/json");
            attach(&format!("@{sbom}"), "sig/example", "sbom.sig");
        }
        if let Some(kept) = &kept {
            fs::write(kept.join(name), made).unwrap();
            continue;
        }
        let before = fs::read_to_string(folder.join(name)).unwrap();
        assert_eq!(told(&before), told(&made), "{name} shows something else; .ci/pictures makes it anew");
    }
}
