import Health
import Ingest
import Learning
import Pipelines
import Tensors
import Vocabulary

/// Records of one category, learned as a worker learns them: by one rank or by several.
struct ValueStream {
  let pipeline: Pipeline
  private let decoder: RecordDecoder

  static let states = [
    "AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "FL", "GA", "HI", "ID", "IL", "IN", "IA", "KS", "KY", "LA", "ME",
    "MD", "MA", "MI", "MN", "MS", "MO", "MT", "NE", "NV", "NH", "NJ", "NM", "NY", "NC", "ND", "OH", "OK", "OR", "PA",
    "RI", "SC", "SD", "TN", "TX", "UT", "VT", "VA", "WA", "WV", "WI", "WY", "DC",
  ]

  init(_ feature: String, training: String = "optimizer: { kind: adam, learning_rate: 0.01 }") throws {
    pipeline = try PipelineParser.parse(
      text: """
        name: values
        source: { topic: values }
        schema: { label: { path: y }, features: [{ name: s, type: category\(feature) }] }
        model: { task: regression, hidden: [16] }
        training: { \(training) }
        """, fileName: "values.yaml"
    ) { _ in nil }
    decoder = RecordDecoder(schema: pipeline.schema, heads: pipeline.heads, recordBytesMax: 10_000)
  }

  func learner(capacity: Int = 64) -> Learner { Learner(spec: LearnerSpec(pipeline), batchCapacity: capacity) }

  /// A batch of records; their keys are as arbitrary as those of partitions and offsets.
  ///
  /// - Parameter first: The place of the first one in the whole step.
  func batch(_ records: [(value: String, label: Double)], step: Int, first: Int = 0) -> FeatureBatch {
    let batch = LearnerSpec(pipeline).makeBatch(capacity: max(1, records.count))
    batch.count = records.count
    var time = Double.nan
    for (row, record) in records.enumerated() {
      let text = #"{"s":\#(record.value),"y":\#(record.label)}"#
      let outcome = withUnsafeMutablePointer(to: &time) { time in
        Array(text.utf8).withUnsafeBytes {
          decoder.decode($0, into: ExampleSlot(row: row, of: batch, eventTime: time))
        }
      }
      precondition(outcome == .example, text)
      var random = SplitMix64(seed: UInt64(step * 1000 + first + row))
      batch.keys[row] = random.next()
    }
    return batch
  }

  /// One step of `learners`, each with its share of the records.
  func learn(_ records: [(value: String, label: Double)], step: Int, _ learners: [Learner]) throws {
    let share = (records.count + learners.count - 1) / learners.count
    var attachments: [[UInt8]] = []
    var sum = [Float](repeating: 0, count: learners[0].denseGradient.count)
    var (labelled, loss) = (0, 0.0)
    for (rank, learner) in learners.enumerated() {
      let batch = batch(Array(records.dropFirst(rank * share).prefix(share)), step: step, first: rank * share)
      learner.predict(batch)
      let local = learner.backward(batch)
      for place in sum.indices { sum[place] += learner.denseGradient[place] }
      var bytes: [UInt8] = []
      learner.appendAttachment(to: &bytes)
      attachments.append(bytes)
      labelled += local.labelled
      loss += local.lossSum
    }
    for learner in learners {
      for place in sum.indices { learner.denseGradient[place] = sum[place] }
      var views: [UnsafeRawBufferPointer] = []
      let whole = attachments.flatMap { $0 + [UInt8](repeating: 0, count: (8 - $0.count % 8) % 8) }
      try whole.withUnsafeBytes { raw in
        var start = 0
        for bytes in attachments {
          views.append(UnsafeRawBufferPointer(rebasing: raw[start..<(start + bytes.count)]))
          start += (bytes.count + 7) / 8 * 8
        }
        try learner.absorb(attachments: views)
      }
      _ = learner.apply(labelled: labelled, lossSum: loss)
    }
  }

  func predictions(_ learner: Learner, _ values: [String]) -> [Float] {
    let batch = batch(values.map { (value: $0, label: 0) }, step: 0)
    learner.predict(batch)
    return Array(learner.outputs)
  }

  /// What is known of the category's values by a state.
  func known(_ learner: Learner) throws -> ValueRows {
    try ModelParameters(spec: learner.spec, state: learner.encodeState()).valueRows[0]
  }
}

extension Learner {
  /// By category that has them: the hashes of the values that have rows of their own, in the order of the rows; 0: free.
  var ownValues: [[UInt64]] { network.tables.dictionaries.map { Array($0.keys.buffer) } }
}
