package import Vocabulary

/// Why a stream cannot be read on where the lineage stands, and the ways on that keep the model.
package enum StreamError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The broker has removed records before they were read, and nobody has said that they may be skipped.
  case lost([LostRange])
  /// The topic is not the one that was learned from: it ends before the next offset, or holds another record at a place
  /// that was read.
  case madeAnew(topic: String, partition: Int32, next: Int64, evidence: Evidence)

  /// The topic was deleted.
  case gone(topic: String)

  package enum Evidence: Sendable, Hashable {
    case endsAt(Int64)
    case otherRecord(at: Int64)
  }

  package var description: String {
    switch self {
    case .lost(let ranges):
      let places = ranges.map { "offsets \($0.from) to \($0.next - 1) of \($0.topic)/\($0.partition)" }
      let count = ranges.reduce(0) { $0 + $1.count }
      return "the broker has removed \(places.joined(separator: ", ")) before they were read (retention, or deleted "
        + "records). The model is kept: 'retrainctl start FILE --skip-lost' goes on behind the gap and counts \(count) as "
        + "lost by the broker; 'source: { on_lost: skip }' in the file always does"
    case .gone(let topic):
      return "the topic \(topic) is not there any more. The model is kept: once the topic is made anew, "
        + "'retrainctl start FILE --new-stream' goes on from its first record"
    case .madeAnew(let topic, let partition, let next, let evidence):
      let what =
        switch evidence {
        case .endsAt(let end): "it ends at offset \(end), and \(next) was to be read next"
        case .otherRecord(let offset): "another record lies at offset \(offset), which was read before"
        }
      return "\(topic)/\(partition) is not what was learned from: \(what). The topic was made anew, or its log was "
        + "cut. The model is kept: 'retrainctl start FILE --new-stream' goes on from the first record of the topic as it is "
        + "now; 'retrainctl delete' begins all anew"
    }
  }
}
