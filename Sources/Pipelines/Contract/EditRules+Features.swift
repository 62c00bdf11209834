extension EditRules where Owner == FeatureSettings {
  /// The question is always the same: does a record that was taken before give the same inputs to the same weights?
  static let features = EditRules(rules: [
    "name": { _, _ in .changes("weights are known by their feature's name") },
    "path": { _, _ in .changes("its weights were learned from another place in the record") },
    "type": { _, _ in .changes("its weights were learned from another kind of value") },
    "missing": { old, new in
      old.missing == .reject || new.missing == .reject
        ? .harmless("it decides which records are taken, not what the weights mean")
        : .changes("an absent value would be another number than the one its weights were learned with")
    },
    "unit": { old, new in
      old.unit == .auto || old.unit == nil
        ? .harmless("times that were recognised as of another unit are other times from now on")
        : .changes("the same number would be another time")
    },
    "coerce": { old, _ in
      old.isSparse
        ? .changes("texts would be other keys than those that its rows were learned for")
        : old.type == .category
          ? .changes("texts such as NA and 0.5 would be other categories than those that its rows were learned for")
          : .harmless("it decides which texts are taken for numbers, not what the weights mean")
    },
    "origin": { _, _ in .changes("the same value would be another number to its weights") },
    "parts": { old, new in
      if let lost = old.parts.first(where: { !new.parts.contains($0) }) {
        return .changes("the weights of `\(old.name(of: lost))` would be without their input")
      }
      let added = new.parts.filter { !old.parts.contains($0) }
      if added.isEmpty { return .harmless("rows follow their parts, whatever the order") }
      return .extends(
        added.count == 1 ? "its rows begin afresh, with weight 0" : "their rows begin afresh, with weight 0")
    },
    "time_zone": { old, new in
      // Of no parts every calendar makes the same.
      if old.parts.isEmpty || new.parts.isEmpty { return nil }
      return TimeZoneTable(named: old.timeZone) == TimeZoneTable(named: new.timeZone)
        ? .harmless("both names are of the same clocks")
        : .changes("the same moment would be another hour, and perhaps day")
    },
    "clip": { _, _ in
      .harmless("values between the old and the new bounds are other numbers from now on, all others the same")
    },
    "out_of_range": { _, _ in .harmless("it decides which records are taken, not what the weights mean") },
    "normalize": { _, _ in .changes("the same value would be another number to its weights") },
    "missing_indicator": { _, new in
      new.missingIndicator
        ? .extends("the new input begins with weight 0")
        : .changes("what was learned of its absence would be lost")
    },
    "buckets": { old, new in
      if old.isSparse {
        return new.splitsHashedRows(of: old)
          ? .extends(
            "each row becomes several, which begin with what it has learned; records of which two keys shared a row are other inputs"
          ) : .changes("keys would get rows that others have learned\(advice(old, new))")
      }
      guard old.hashes, new.hashes, old.hashedRows != new.hashedRows else {
        return .extends("every value keeps its row; rows that are new begin afresh")
      }
      return new.splitsHashedRows(of: old)
        ? .extends("each hashed row becomes several, which begin with what it has learned")
        : .changes("hashed values would get rows that others have learned\(advice(old, new))")
    },
    "own_rows": { old, new in
      if !new.hashes {
        return .harmless(
          "values that are not listed are refused or absent from now on; what they have learned is not kept")
      }
      return new.ownRows > old.ownRows
        ? .extends("a value that gets a row of its own begins with what its hashed row has learned")
        : .changes("values would lose the rows that they have for themselves")
    },
    "dimension": { old, new in
      old.type.isNumeric && (old.parts.isEmpty || new.parts.isEmpty)
        ? nil : .changes("an embedding of another width cannot hold what was learned")
    },
    "keys_max": { old, _ in
      old.type == .text
        ? .harmless("texts with more words than the old or new bound are other inputs from now on, all others the same")
        : .harmless("it decides which records are taken, not what the weights mean")
    },
    "of": { _, _ in .changes("its rows were learned for the values of others together, in that order") },
    "norm": { _, _ in .changes("the same record would be another input to its weights") },
    "ngrams": { _, _ in .changes("the same text would be another input to its weights") },
    "values_max": { _, _ in .harmless("it decides which records are taken, not what the weights mean") },
    "combine": { old, _ in
      // Of one value every way makes the same.
      old.valuesMax == 1 ? nil : .changes("the same list would be another input to its weights")
    },
    "values": { old, new in
      let (before, after) = (Set(old.values), Set(new.values))
      let lost = old.values.filter { !after.contains($0) }
      if let first = lost.first {
        let others = lost.count > 1 ? " and \(lost.count - 1) more have rows" : " has a row"
        return .changes("`\(first)`\(others) that would be another value's")
      }
      if old.hashes, new.hashes, old.hashedRows != new.hashedRows, !new.splitsHashedRows(of: old) {
        return .changes("the rows that hashed values share would be dealt anew\(advice(old, new))")
      }
      let added = new.values.count { !before.contains($0) }
      if added == 0 { return .harmless("rows follow their values, whatever the order") }
      return .extends(
        (added == 1 ? "the new value begins with" : "the \(added) new values begin each with")
          + (old.hashes ? " what its hashed row has learned" : " a fresh row"))
    },
    "unknown": { old, new in
      if old.values.isEmpty, new.unknown == .reject {
        return .changes("values that are not listed have rows by their hash, which would be lost")
      }
      if old.unknown == .reject || new.unknown == .reject {
        return .harmless("it decides which records are taken, not what the weights mean")
      }
      return .changes("values that are not listed would get another row than the one they were learned in")
    },
  ])

  /// How many buckets leave the hashed rows as they are.
  private static func advice(_ old: FeatureSettings, _ new: FeatureSettings) -> String {
    let same = "; `buckets: \(old.buckets - old.values.count + new.values.count)` leaves each its own"
    let double = old.hashedRows * 2 + 1 + new.values.count
    guard FeatureSettings.bucketsRange.contains(double) else { return same }
    let more = 1 + new.values.count
    return same + ", and \(more == 1 ? "one" : "\(more)") more than a multiple of \(old.hashedRows) keeps what was "
      + "learned: `buckets: \(double)` makes two of each"
  }
}
