//! The access log of a running edge is turned on, to another file, and off.

use super::lines;
use crate::descriptors::name_back;
use crate::program::{Folder, Program, config, get};
use crate::upstream::Upstream;
use crate::waiting::eventually;

#[tokio::test]
async fn lines_go_where_the_configuration_says_now() {
    let upstream = Upstream::start(name_back).await;
    let folder = Folder::new();
    let turn_to = async |program: &Program, count, more: &str| {
        folder.write("edge.yaml", &config(&upstream, more));
        eventually(async || program.reloads("applied").await == count).await;
    };
    folder.write("edge.yaml", &config(&upstream, ""));
    let program = Program::start(&folder).await;
    let ask = async |path: &str| assert_eq!(get(program.url(path)).await.0, 404);
    ask("/before").await;

    turn_to(&program, 1, "access-log: json\naccess-log-file: one.log\n").await;
    ask("/one").await;
    let one = lines(&folder.path("one.log"), 1).await;
    assert!(one[0].contains("\"path\":\"/one\""), "{one:?}");

    turn_to(
        &program,
        2,
        "access-log: combined\naccess-log-file: two.log\n",
    )
    .await;
    ask("/two").await;
    let two = lines(&folder.path("two.log"), 1).await;
    assert!(two[0].contains("\"GET /two HTTP/1.1\" 404"), "{two:?}");

    folder.write(
        "edge.yaml",
        &config(
            &upstream,
            "access-log: json\naccess-log-file: /nowhere/at/all\n",
        ),
    );
    eventually(async || program.reloads("refused").await == 1).await;
    ask("/still").await;
    lines(&folder.path("two.log"), 2).await;

    turn_to(&program, 3, "").await;
    ask("/nobody").await;
    turn_to(&program, 4, "access-log: json\naccess-log-file: one.log\n").await;
    ask("/again").await;
    let one = lines(&folder.path("one.log"), 2).await;
    assert!(one[1].contains("\"path\":\"/again\""), "{one:?}");
    lines(&folder.path("two.log"), 2).await;
}
