import Health
import Ingest
import Learning
import Pipelines
import Tensors
import Testing
import Vocabulary
import Worker

@Suite("Rows of their own for the values of a category")
struct OwnRowsTests {
  /// 32 records of a step: a state each, and its own label with a little noise.
  private func records(_ random: inout SplitMix64) -> [(value: String, label: Double)] {
    (0..<32).map { _ in
      let state = Int.random(in: 0..<ValueStream.states.count, using: &random)
      var own = SplitMix64(seed: UInt64(state))
      return ("\"\(ValueStream.states[state])\"", own.nextUnit() * 1000 + random.nextUnit() * 20)
    }
  }

  /// Mean absolute error of the last hundred of 1,500 steps.
  private func error(_ feature: String) throws -> Double {
    let stream = try ValueStream(feature)
    let learner = stream.learner()
    var random = SplitMix64(seed: 51)
    var (sum, count) = (0.0, 0.0)
    for step in 0..<1500 {
      let records = records(&random)
      if step >= 1400 {
        for (answer, record) in zip(stream.predictions(learner, records.map(\.value)), records) {
          sum += abs(Double(answer) - record.label)
          count += 1
        }
      }
      try stream.learn(records, step: step, [learner])
    }
    return sum / count
  }

  @Test("51 states in the usual table are learned as well as in one that is so large that none of them meet")
  func states() throws {
    let shared = try error(", own_rows: 0")
    let own = try error("")
    let large = try error(", buckets: 65536, own_rows: 0")
    #expect(own < large * 1.1, "own rows \(own), 65,536 buckets \(large)")
    #expect(shared > own * 1.5, "1,024 buckets \(shared), own rows \(own)")
  }

  @Test("the values that have rows, and all bits of every rank, are the same with one rank, two and three")
  func ranks() throws {
    let stream = try ValueStream(", buckets: 8, own_rows: 32")
    var worlds: [[[UInt64]]] = []
    for count in 1...3 {
      let learners = (0..<count).map { _ in stream.learner() }
      var random = SplitMix64(seed: 3)
      for step in 0..<60 { try stream.learn(records(&random), step: step, learners) }
      #expect(Set(learners.map { $0.encodeState() }).count == 1)
      worlds.append(learners[0].ownValues)
    }
    #expect(worlds[0][0].count { $0 != 0 } == 32)
    #expect(worlds[0] == worlds[1] && worlds[1] == worlds[2])
  }

  @Test("alone, without attachments, the bits are those of one rank with them")
  func alone() throws {
    let stream = try ValueStream("")
    let (alone, one) = (stream.learner(), stream.learner())
    var random = SplitMix64(seed: 4)
    for step in 0..<40 {
      let records = records(&random)
      try stream.learn(records, step: step, [one])
      let batch = stream.batch(records, step: step)
      alone.predict(batch)
      let local = alone.backward(batch)
      alone.absorbOwn()
      _ = alone.apply(labelled: local.labelled, lossSum: local.lossSum)
    }
    #expect(alone.encodeState() == one.encodeState())
  }

  @Test("a hundred thousand made-up keys take no row, and are told")
  func flood() throws {
    let stream = try ValueStream(", own_rows: 64")
    let learner = stream.learner(capacity: 128)
    var random = SplitMix64(seed: 5)
    for step in 0..<1000 {
      let flood = (0..<100).map { (value: "\"\(step)-\($0)-\(random.next())\"", label: 1.0) }
      try stream.learn(flood + records(&random).prefix(16), step: step, [learner])
    }
    let known = try stream.known(learner)
    #expect(known.own == ValueStream.states.count)
    #expect(Set(learner.ownValues[0].filter { $0 != 0 }) == Set(ValueStream.states.map { ownHash(ofCategory: $0) }))
    #expect(known.displaced > 10_000)
    #expect(known.sharing > 0.9)
  }

  @Test("ten thousand made-up keys are told where values have as many rows as they usually have")
  func smallFlood() throws {
    let stream = try ValueStream("")
    let learner = stream.learner(capacity: 16)
    var random = SplitMix64(seed: 8)
    for step in 0..<1000 {
      let flood = (0..<10).map { (value: "\"\(step)-\($0)-\(random.next())\"", label: 1.0) }
      try stream.learn(flood + records(&random).prefix(4), step: step, [learner])
    }
    let known = try stream.known(learner)
    #expect(known.own == ValueStream.states.count)
    #expect(known.sentences { "\($0)" }.contains { $0.contains("hardly came again") }, "\(known)")
  }

  @Test("made-up keys that each come four times take all rows, and that is told")
  func patientFlood() throws {
    let stream = try ValueStream(", own_rows: 64")
    let learner = stream.learner(capacity: 16)
    for step in 0..<40 {
      let flood = (0..<16).map { (value: "\"\(step / 4)-\($0)\"", label: 1.0) }
      try stream.learn(flood, step: step, [learner])
    }
    let known = try stream.known(learner)
    #expect(known.own == 64)
    #expect(known.sentences { "\($0)" }.contains { $0.contains("all 64 are taken") && $0.contains("`values`") })
  }

  @Test("a value that gets its row answers as before, with what it has learned in the row that it shared")
  func admission() throws {
    // SGD and a rate of 0: nothing but the rows changes.
    let stream = try ValueStream(
      ", buckets: 4, own_rows: 8",
      training: """
        optimizer: { kind: sgd, learning_rate: 1e-30 }, embedding_optimizer: { kind: sgd, learning_rate: 1e-30 }
        """)
    let learner = stream.learner()
    let values = ["\"a\"", "\"b\"", "\"c\""]
    let before = stream.predictions(learner, values)
    for step in 0..<4 { try stream.learn(values.map { (value: $0, label: 0) }, step: step, [learner]) }
    #expect(try stream.known(learner).own == 3)
    let mean = stream.predictions(learner, values)
    #expect(zip(before, mean).allSatisfy { abs($0 - $1) < 1e-6 })
  }

  @Test("a restart goes on with the same bits, and a predictor answers with the version's own rows")
  func restart() throws {
    let stream = try ValueStream(", buckets: 16, own_rows: 64")
    let (whole, first) = (stream.learner(), stream.learner())
    var random = SplitMix64(seed: 6)
    var steps: [[(value: String, label: Double)]] = []
    for _ in 0..<60 { steps.append(records(&random)) }
    for (step, records) in steps.enumerated() { try stream.learn(records, step: step, [whole]) }
    for step in 0..<4 { try stream.learn(steps[step], step: step, [first]) }
    let second = stream.learner()
    try second.restoreState(first.encodeState())
    for step in 4..<60 { try stream.learn(steps[step], step: step, [second]) }
    #expect(second.encodeState() == whole.encodeState())

    let predictor = try Predictor(spec: whole.spec, state: whole.encodeState(), batchCapacity: 64)
    let asked = ValueStream.states.map { "\"\($0)\"" } + ["\"?\"", "null"]
    let batch = stream.batch(asked.map { (value: $0, label: 0) }, step: 0)
    predictor.predict(batch)
    whole.predict(batch)
    #expect(Array(predictor.outputs) == Array(whole.outputs))
    #expect(Set(predictor.outputs.prefix(51)).count == 51)
  }

  @Test("lists give each of their values its row")
  func lists() throws {
    let stream = try ValueStream(", values_max: 3, buckets: 4, own_rows: 16")
    let learner = stream.learner()
    let records = [(#"["p","q"]"#, 1.0), (#"["q","r","q"]"#, 2.0), ("[]", 3.0), (#""p""#, 4.0), (#"["p"]"#, 5.0)]
    for step in 0..<5 { try stream.learn(records.map { (value: $0.0, label: $0.1) }, step: step, [learner]) }
    #expect(Set(learner.ownValues[0].filter { $0 != 0 }) == Set(["p", "q", "r"].map { ownHash(ofCategory: $0) }))
    let answers = stream.predictions(learner, [#""p""#, #"["p"]"#, #"["p",null]"#])
    #expect(Set(answers).count == 1)
  }

  /// One step of a learner that is alone.
  private func step(_ learner: Learner, _ batch: FeatureBatch) {
    learner.predict(batch)
    let local = learner.backward(batch)
    learner.absorbOwn()
    _ = learner.apply(labelled: local.labelled, weight: local.weight, lossSum: local.lossSum)
  }

  @Test("a record of weight 0 counts for nobody's row", arguments: [0, 1] as [Float])
  func weightless(weight: Float) throws {
    let stream = try ValueStream(", buckets: 16, own_rows: 16")
    let learner = stream.learner()
    for number in 0..<4 {
      let given = stream.batch([(value: "\"a\"", label: 1)], step: number)
      let batch = learner.spec.makeBatch(capacity: 1, weighsRecords: true)
      batch.count = 1
      batch.copyRow(0, of: given, to: 0)
      batch.weights?[0] = weight
      step(learner, batch)
    }
    #expect(try stream.known(learner).own == Int(weight))
  }

  @Test("a partition whose every record brings many new values keeps no other partition's values out")
  func starving() throws {
    let stream = try ValueStream(", values_max: 64, buckets: 16, own_rows: 64")
    let learner = stream.learner()
    for number in 0..<60 {
      let once = (0..<60).map { "\"\(number).\($0)\"" }.joined(separator: ",")
      let batch = stream.batch([(value: "[\(once)]", label: 0), (value: "\"real\"", label: 1)], step: number)
      // As of partitions and offsets.
      batch.keys[0] = UInt64(number)
      batch.keys[1] = 1 << 48 | UInt64(number)
      step(learner, batch)
    }
    #expect(learner.ownValues[0].contains(ownHash(ofCategory: "real")))
  }
}
