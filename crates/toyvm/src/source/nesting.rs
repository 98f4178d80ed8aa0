//! How deep a file may nest. The parser makes its stack grow, but what it makes is walked and dropped
//! by recursion; so depth is bounded before anything is parsed.

use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{Mode, lexer};

use super::Diagnostic;

/// The most brackets within each other; an f-string is one.
const BRACKETS: usize = 200;
/// The most indentations within each other.
const INDENTATIONS: usize = 100;
/// The most tokens between two separators, those of all open brackets together: nothing else nests
/// without a bracket (`not not …`, `a.b.c…`, `a()()…`, `1+1+…`).
const TOKENS: usize = 1000;

/// Which bound is passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Excess {
    Brackets,
    Indentations,
    Tokens,
}

/// Refuses what nests too deep, and says where.
pub(super) fn check(text: &str) -> Result<(), Diagnostic> {
    let Some(excess) = measure(text) else { return Ok(()) };
    let (message, help) = match excess {
        Excess::Brackets => (
            format!("brackets are nested deeper than {BRACKETS} here"),
            "give the inner lists names",
        ),
        Excess::Indentations => {
            (format!("blocks are nested deeper than {INDENTATIONS} here"), "nest less deeply")
        }
        Excess::Tokens => (
            format!("this expression has more than {TOKENS} parts without a comma"),
            "split it, and give its parts names",
        ),
    };
    let end = shortest(text) as u32;
    Err(Diagnostic::error(message).at(end.saturating_sub(1)..end).help(help))
}

/// The length of the shortest prefix that passes a bound. The lexer tells no places, so it is
/// searched for; it is needed once, for a file that is refused.
fn shortest(text: &str) -> usize {
    let (mut short, mut long) = (0, text.len());
    while long - short > 1 {
        let middle = text.floor_char_boundary(short + (long - short) / 2);
        if middle <= short {
            break;
        }
        if measure(&text[..middle]).is_some() { long = middle } else { short = middle }
    }
    long
}

/// One level of brackets.
#[derive(Default)]
struct Level {
    /// What closes it; nothing closes the outermost.
    closer: Option<TokenKind>,
    /// Tokens since the last separator.
    tokens: usize,
    /// The parameters of a lambda have commas, and its body lies deeper: no comma separates any more.
    lambda: bool,
}

fn measure(text: &str) -> Option<Excess> {
    let mut lexer = lexer::lex(text, Mode::Module);
    let mut levels = vec![Level::default()];
    // Tokens of all levels together.
    let mut tokens = 0;
    let mut indentations = 0_usize;
    let mut before = TokenKind::Newline;
    loop {
        let kind = lexer.next_token();
        let level = levels.last_mut()?;
        match kind {
            TokenKind::EndOfFile => return None,
            TokenKind::Comment | TokenKind::NonLogicalNewline => continue,
            TokenKind::Indent => indentations += 1,
            TokenKind::Dedent => indentations = indentations.saturating_sub(1),
            // Without a bracket that was forgotten there is but one level here.
            TokenKind::Newline => {
                levels.truncate(1);
                levels[0] = Level::default();
                tokens = 0;
            }
            TokenKind::Semi => {
                tokens -= level.tokens;
                (level.tokens, level.lambda) = (0, false);
            }
            TokenKind::Comma | TokenKind::Equal if !level.lambda => {
                tokens -= level.tokens;
                level.tokens = 0;
            }
            // Strings beside each other are one.
            TokenKind::String if before == TokenKind::String => {}
            // A bracket that does not match is not counted as closing: the parser passes over it.
            kind if level.closer == Some(kind) => {
                tokens -= level.tokens;
                levels.pop();
            }
            kind => {
                level.lambda |= matches!(kind, TokenKind::Lambda | TokenKind::Yield);
                level.tokens += 1;
                tokens += 1;
                if let Some(closer) = closer(kind) {
                    levels.push(Level { closer: Some(closer), ..Level::default() });
                }
            }
        }
        before = kind;
        if tokens > TOKENS {
            return Some(Excess::Tokens);
        }
        if levels.len() > BRACKETS + 1 {
            return Some(Excess::Brackets);
        }
        if indentations > INDENTATIONS {
            return Some(Excess::Indentations);
        }
    }
}

fn closer(opener: TokenKind) -> Option<TokenKind> {
    Some(match opener {
        TokenKind::Lpar => TokenKind::Rpar,
        TokenKind::Lsqb => TokenKind::Rsqb,
        TokenKind::Lbrace => TokenKind::Rbrace,
        TokenKind::FStringStart => TokenKind::FStringEnd,
        TokenKind::TStringStart => TokenKind::TStringEnd,
        _ => return None,
    })
}
