use std::os::unix::fs::MetadataExt as _;

use super::*;

fn mesh(port: u16, data_dir: &str) -> Mesh {
    let edge = SocketAddr::from(([127, 0, 0, 1], port));
    Mesh {
        pid: 7,
        edge,
        ops: edge,
        listens: vec![edge],
        data_dir: data_dir.into(),
        nats: None,
        postgres: None,
        database_prefix: String::new(),
    }
}

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("tradewind");
    (folder, path)
}

#[test]
fn a_mesh_is_found_while_it_runs_and_by_its_user_alone() {
    let (_folder, path) = folder();
    let first = announce_in(&path, "a", &mesh(8080, "/a")).expect("the folder can be made");
    let second = announce_in(&path, "b", &mesh(9000, "/b")).expect("the folder is there");
    let mut ports: Vec<u16> = meshes_in(&path).iter().map(|it| it.edge.port()).collect();
    ports.sort_unstable();
    assert_eq!(ports, [8080, 9000]);
    for (path, mode) in [(&path, 0o700), (&first.path, 0o600)] {
        let found = std::fs::metadata(path).expect("it is there").mode();
        assert_eq!(found & 0o777, mode, "{}", path.display());
    }
    drop(first);
    assert_eq!(meshes_in(&path), [mesh(9000, "/b")]);
    drop(second);
    assert_eq!(std::fs::read_dir(&path).expect("it is there").count(), 0);
}

#[test]
fn a_file_that_was_left_behind_is_no_mesh_and_is_removed() {
    let (_folder, path) = folder();
    let running = announce_in(&path, "a", &mesh(8080, "/a")).expect("the folder can be made");
    let left = path.join("b.json");
    std::fs::copy(&running.path, &left).expect("it can be copied");
    assert_eq!(meshes_in(&path), [mesh(8080, "/a")]);
    assert!(!left.exists() && running.path.exists());
}

#[test]
fn what_others_could_have_written_is_not_believed() {
    let (_folder, path) = folder();
    let _mesh = announce_in(&path, "a", &mesh(8080, "/a")).expect("the folder can be made");
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&path, open).expect("it is ours");
    assert_eq!(meshes_in(&path), []);
    assert!(announce_in(&path, "b", &mesh(8080, "/a")).is_err());
}

#[test]
fn the_mesh_that_is_meant_is_the_one_named_or_the_nearest_or_the_only_one() {
    let (here, there) = (mesh(8080, "/here/.tradewind"), mesh(9000, "/there/data"));
    let both = || vec![here.clone(), there.clone()];
    let choose = |running, edge: Option<&str>, data_dir: Option<&str>, from: &str| {
        let edge = edge.map(|edge| edge.parse::<Url>().expect("it is a URL"));
        let data_dir = data_dir.map(Path::new);
        super::choose(running, edge.as_ref(), data_dir, Path::new(from))
            .map_err(|error| error.to_string())
    };
    assert_eq!(choose(vec![], None, None, "/"), Ok(None));
    assert_eq!(
        choose(vec![there.clone()], None, None, "/here"),
        Ok(Some(there.clone()))
    );
    assert_eq!(choose(both(), None, None, "/here"), Ok(Some(here.clone())));
    for edge in ["http://localhost:9000", "http://127.0.0.1:9000/"] {
        assert_eq!(
            choose(both(), Some(edge), None, "/here"),
            Ok(Some(there.clone()))
        );
    }
    assert_eq!(
        choose(both(), Some("https://shop.example:9000"), None, "/here"),
        Ok(None)
    );
    assert_eq!(
        choose(both(), None, Some("/there/data"), "/"),
        Ok(Some(there.clone()))
    );
    assert_eq!(choose(both(), None, Some("/elsewhere"), "/here"), Ok(None));
    for from in ["/", "/elsewhere"] {
        let told = choose(both(), None, None, from).expect_err("it could be either");
        for part in [
            "--edge",
            "--data-dir",
            "http://127.0.0.1:8080",
            "/there/data",
        ] {
            assert!(told.contains(part), "{told}");
        }
    }
}

#[test]
fn a_mesh_that_listens_everywhere_is_called_on_its_own_machine() {
    for (edge, url) in [
        ("0.0.0.0:80", "http://127.0.0.1/"),
        ("[::]:8080", "http://[::1]:8080/"),
        ("10.0.0.7:8080", "http://10.0.0.7:8080/"),
    ] {
        let edge = edge.parse().expect("it is an address");
        assert_eq!(
            Mesh {
                edge,
                ..mesh(1, "/")
            }
            .url()
            .as_str(),
            url
        );
    }
}
