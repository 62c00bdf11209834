public import Vocabulary

extension Optional where Wrapped == RowSample {
  /// Of two windows that follow each other; the later one alone where the columns are others by then.
  public func merged(with later: RowSample?) -> RowSample? {
    guard let later else { return self }
    guard var whole = self, whole.columns == later.columns else { return later }
    whole.merge(later)
    return whole
  }
}

extension RowSample {
  /// Without some of the records that are kept; `seen` still counts them.
  public func without(_ isOut: (RecordKey) -> Bool) -> RowSample {
    var sample = RowSample(columns)
    for place in 0..<count where !isOut(key(place)) {
      sample.append(key(place).word) { $0.append(contentsOf: row(place)) }
    }
    sample.seen = seen
    return sample
  }
}
