//! Close and join: the same for both sides, and for whoever has the buffer open.

use std::sync::Arc;

use forebay_contract::{Fault, JoinError, Patience};

use crate::call::{self, Attempt, Waited};
use crate::lock::Limit;
use crate::party::Party;
use crate::turn::{Standing, Turn};
use crate::waiter::{Line, Wish};

const IDLE: Wish = Wish { line: Line::Idle, leases: false, weight: 0, blocks: 0 };

pub(crate) fn close(party: &Party) -> Result<(), Fault> {
    party.care(Limit::Forever)?.close()?;
    party.commit_control()
}

pub(crate) fn join_within(party: &Arc<Party>, patience: Patience) -> Result<(), JoinError> {
    match call::wait(party, IDLE, patience, attempt)? {
        Waited::Done(()) => Ok(()),
        Waited::TimedOut => Err(JoinError::TimedOut),
    }
}

pub(crate) async fn join_async(party: &Arc<Party>) -> Result<(), JoinError> {
    match call::wait_async(party, IDLE, None, attempt).await? {
        Waited::Done(()) => Ok(()),
        Waited::TimedOut => Err(JoinError::TimedOut),
    }
}

fn attempt(turn: &mut Turn<'_>, standing: Option<Standing>) -> Result<Attempt<()>, Fault> {
    if turn.unfinished() > 0 {
        turn.book_all()?;
    }
    // One that was called saw the end, though something may have been put since.
    let was_called = match standing {
        Some(standing) => turn.may_go(Line::Idle, Some(standing))?,
        None => false,
    };
    Ok(if was_called || turn.unfinished() == 0 { Attempt::Done(()) } else { Attempt::NotNow })
}
