// SPDX-License-Identifier: Apache-2.0
//! WIT files as they lie in folders: a file is a package, or a folder of files is one, with others in its `deps`.

use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};
use wit_parser::{SourceMap, UnresolvedPackageGroup};

/// The most text of one package. WIT is written by hand; what is larger is something else.
const LARGEST: u64 = 16 << 20;

/// A package and those that lie in its `deps`, parsed, their names not yet looked up.
pub fn read(path: &Path) -> Result<(UnresolvedPackageGroup, Vec<UnresolvedPackageGroup>), String> {
    if !is_folder(path)? {
        return Ok((parse(&[path.to_owned()])?, Vec::new()));
    }
    let found = wit_files(path)?;
    if found.is_empty() {
        return Err(told(&path.display(), &"no .wit file is in there"));
    }
    let main = parse(&found)?;
    let mut deps = Vec::new();
    let folder = path.join("deps");
    if folder.exists() {
        for entry in entries(&folder)? {
            if is_folder(&entry)? {
                let found = wit_files(&entry)?;
                if !found.is_empty() {
                    deps.push(parse(&found)?);
                }
            } else if is_wit(&entry) {
                deps.push(parse(&[entry])?);
            }
        }
    }
    Ok((main, deps))
}

/// What is wrong at a place, on one line.
pub fn told(place: &dyn Display, what: &dyn Display) -> String {
    let what = what.to_string();
    format!("{place}: {}", what.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn parse(paths: &[PathBuf]) -> Result<UnresolvedPackageGroup, String> {
    let mut sources = SourceMap::new();
    let mut size = 0;
    for path in paths {
        let refused = |error: std::io::Error| told(&path.display(), &error);
        size += fs::metadata(path).map_err(refused)?.len();
        if size > LARGEST {
            return Err(told(&path.display(), &"the package is larger than 16 MiB"));
        }
        sources.push_str(&path.display().to_string(), fs::read_to_string(path).map_err(refused)?);
    }
    sources.parse().map_err(|(sources, error)| told(&sources.render_location(error.kind().span()), error.kind()))
}

fn is_folder(path: &Path) -> Result<bool, String> {
    // Links are followed: packages that several share lie in one place.
    Ok(fs::metadata(path).map_err(|error| told(&path.display(), &error))?.is_dir())
}

fn is_wit(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "wit")
}

/// What is in a folder, in the order of the names.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let refused = |error: std::io::Error| told(&folder.display(), &error);
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(refused)? {
        found.push(entry.map_err(refused)?.path());
    }
    found.sort();
    Ok(found)
}

fn wit_files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let mut found = entries(folder)?;
    found.retain(|path| is_wit(path));
    Ok(found)
}
