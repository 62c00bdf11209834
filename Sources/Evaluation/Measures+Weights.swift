extension Measures {
  /// Whether there were labelled records, and none of them counted.
  public var areOfNoWeight: Bool { records > 0 && weight == 0 }

  /// What a person should know of a stream whose records weigh nothing: it is read, and teaches nothing.
  ///
  /// - Parameters:
  ///   - all: Of the lineage.
  ///   - lately: Of the last records.
  ///   - count: How a number is written.
  public static func warning(ofNoWeight all: Measures?, lately: Measures?, count: (Int64) -> String) -> String? {
    let advice = "look at what `schema.weight` reads, or leave it out"
    if let all, all.areOfNoWeight {
      return "all \(count(all.records)) records with a label have weight 0: nothing is learned; \(advice)"
    }
    guard let lately, lately.areOfNoWeight, lately.records >= 100 else { return nil }
    return "the last \(count(lately.records)) records with a label all have weight 0: nothing is learned from them; "
      + advice
  }
}
