extension Optional where Wrapped == RowSample {
  /// Of two windows that follow each other; the later one alone where the columns are others by then.
  public func merged(with later: RowSample?) -> RowSample? {
    guard let later else { return self }
    guard var whole = self, whole.columns == later.columns else { return later }
    whole.merge(later)
    return whole
  }
}
