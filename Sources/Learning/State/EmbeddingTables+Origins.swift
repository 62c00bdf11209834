extension EmbeddingTables {
  /// The given origins of rows, but that of a value which had a row for itself is that row.
  func ownOrigins(_ rows: [String: [UInt32]], _ listed: [String: [UInt32: UInt64]]) -> [String: [UInt32]] {
    var rows = rows
    for (name, hashes) in listed {
      guard let table = tables.first(where: { $0.name == name }), let place = table.dictionary else { continue }
      let dictionary = dictionaries[place]
      for (row, hash) in hashes where Int(row) < rows[name]?.count ?? 0 {
        let found = dictionary.row(hash)
        if found >= dictionary.first { rows[name]?[Int(row)] = found }
      }
    }
    return rows
  }
}
