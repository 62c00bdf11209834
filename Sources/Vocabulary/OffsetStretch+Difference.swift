extension OffsetStretch {
  /// What some stretches hold and others do not, in order.
  public static func difference(_ some: [OffsetStretch], _ others: [OffsetStretch]) -> [OffsetStretch] {
    let others = Dictionary(grouping: united(others), by: \.partition)
    var rest: [OffsetStretch] = []
    for stretch in united(some) {
      var from = stretch.from
      for other in others[stretch.partition] ?? [] where other.next > from && other.from < stretch.next {
        if other.from > from { rest.append(OffsetStretch(partition: stretch.partition, from: from, next: other.from)) }
        from = max(from, other.next)
      }
      if from < stretch.next {
        rest.append(OffsetStretch(partition: stretch.partition, from: from, next: stretch.next))
      }
    }
    return rest
  }
}
