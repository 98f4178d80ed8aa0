//! `forebay delete`.

use crate::engine::Engine;
use crate::place::Place;
use crate::process::until;

on_each_engine! {
    what_has_items_is_deleted_only_when_that_is_meant
}

fn what_has_items_is_deleted_only_when_that_is_meant(engine: Engine) {
    let Some(place) = Place::with_buffer(engine, "") else { return };
    place.line("put @ x").exits(0);
    let stays = [&place.shown(), "1 item unfinished", "stays", "--force"];
    place.line("delete @").exits(1).says(&stays);
    place.line("work @ --once -q false").exits(1);
    place.line("delete @").exits(1).says(&["0 items unfinished and 1 dead letter"]);
    assert_eq!(place.figure("dead"), 1);
    place.line("dead @ purge --all").exits(0);
    // Whoever waits for items there is told.
    let work = place.start_line("work @ echo");
    until("it waits", || place.figure("consumers_waiting") == 1);
    assert_eq!(place.line("delete @").exits(0).errors(), "");
    work.wait().exits(255).says(&["the buffer is not on the server any more"]);
    place.line("delete @").exits(255).says(&["there is no buffer", &place.shown()]);

    place.line("create @").exits(0);
    place.line("put @ x").exits(0);
    place.line("delete @ --force").exits(0);
    place.line("stat @").exits(255).says(&["there is no buffer"]);

    place.line("create b").exits(0);
    place.line("delete b --force").exits(255).says(&["b is a file, and deleted with rm"]);
    assert!(place.folder.path("b").exists());
}
