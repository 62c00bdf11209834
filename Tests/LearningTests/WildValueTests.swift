import Foundation
import Learning
import Tensors
import Testing
import Vocabulary

/// A stream of one number, by record.
struct NumberStream: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let value: @Sendable (inout SplitMix64, _ record: Int) -> Float

  init(_ name: String, _ value: @escaping @Sendable (inout SplitMix64, Int) -> Float) {
    (testDescription, self.value) = (name, value)
  }
}

private func normal(_ random: inout SplitMix64) -> Float { random.nextNearlyNormal() }

private let tame = NumberStream("tame") { random, _ in normal(&random) }
let wildStreams = [
  NumberStream("1e6 once") { random, record in record == 300 ? 1e6 : normal(&random) },
  NumberStream("1e20 as the first") { random, record in record == 0 ? 1e20 : normal(&random) },
  NumberStream("the largest float as the third") { random, record in
    record == 2 ? .greatestFiniteMagnitude : normal(&random)
  },
  NumberStream("-9999 in one of a hundred") { random, record in record % 100 == 7 ? -9999 : normal(&random) },
  NumberStream("9.97e36 in one of a hundred") { random, record in record % 100 == 0 ? 9.96921e36 : normal(&random) },
]

@Suite struct `Wild values` {
  private static let seed: UInt64 = 5

  private func spec(_ task: LearnerSpec.Task = .binary) -> LearnerSpec {
    LearnerSpec(
      numbers: [NumberInput(name: "a")], categories: [], hidden: [], activation: .relu, task: task,
      optimizer: OptimizerSpec(kind: .adam, learningRate: 0.05))
  }

  /// Learns `records` records; their mean log losses, each before it is learned, by `window` records.
  @discardableResult
  private func learn(
    _ learner: Learner, _ stream: NumberStream, records: Range<Int>, rows: Int = 8,
    label: (Float, inout SplitMix64) -> Float = { value, random in value + 0.17 * normal(&random) > 0 ? 1 : 0 },
    clean: NumberStream? = nil
  ) throws -> Double {
    var (random, own) = (SplitMix64(seed: Self.seed), SplitMix64(seed: Self.seed + 1))
    let batch = learner.spec.makeBatch(capacity: rows)
    batch.count = rows
    var losses = [Float](repeating: 0, count: rows)
    var (sum, counted) = (0.0, 0)
    for first in stride(from: records.lowerBound, to: records.upperBound, by: rows) {
      for row in 0..<rows {
        let truth = clean ?? stream
        var before = random
        let value = truth.value(&random, first + row)
        batch.numbers[row] = stream.value(&before, first + row)
        batch.labels[row] = label(value, &own)
        batch.keys[row] = own.next()
      }
      learner.predict(batch)
      learner.losses(batch, into: &losses)
      let local = learner.backward(batch)
      #expect(local.isFinite)
      learner.absorbOwn()
      #expect(learner.apply(labelled: local.labelled, lossSum: local.lossSum).isFinite)
      guard first >= records.lowerBound + records.count * 3 / 4 else { continue }
      sum += Double(losses.reduce(0, +))
      counted += rows
    }
    return sum / Double(counted)
  }

  @Test(arguments: wildStreams, [1, 8, 64])
  func `cost no more than their own records`(_ stream: NumberStream, _ rows: Int) throws {
    let clean = try learn(Learner(spec: spec(), batchCapacity: rows), tame, records: 0..<12800, rows: rows)
    let loss = try learn(
      Learner(spec: spec(), batchCapacity: rows), stream, records: 0..<12800, rows: rows, clean: tame)
    #expect(clean < 0.2)
    // One record in a hundred cannot be told at all.
    #expect(loss < clean * 1.05 + 0.01 * 0.7, "seed \(Self.seed): \(loss) where \(clean) is clean")
  }

  @Test func `are told with their number, the farthest one and its row`() throws {
    let learner = Learner(spec: spec(), batchCapacity: 8)
    try learn(learner, tame, records: 0..<800)
    let batch = learner.spec.makeBatch(capacity: 8)
    batch.count = 8
    for row in 0..<8 { batch.numbers[row] = [0.5, -1e9, 3e20, 0, .nan, 9, 1, -1][row] }
    learner.predict(batch)
    _ = learner.backward(batch)
    #expect(learner.wildValues == [WildValues(place: .number(0), count: 2, row: 2, value: 3e20)])
    // As absent ones are.
    #expect(learner.outputs[1] == learner.outputs[4] && learner.outputs[2] == learner.outputs[4])
  }

  @Test(
    arguments: [
      NumberStream("heavy tails") { random, _ in Float(exp(1.0 * Double(normal(&random)))) },
      NumberStream("one of a thousand is not zero") { random, record in record % 1000 == 999 ? 1 : 0 },
      NumberStream("one of twenty is not zero") { random, record in record % 20 == 3 ? 1 : 0 },
      NumberStream("two values") { random, _ in random.nextUnit() < 0.4 ? 0 : 1 },
      NumberStream("the hours of days") { _, record in Float(record / 200 % 24) },
      NumberStream("a clock") { random, record in Float(record) * 3 + normal(&random) },
      NumberStream("a slow wave with a little noise") { random, record in
        Float(10 * sin(Double(record) / 2000)) + 0.2 * normal(&random)
      },
      NumberStream("a constant that begins to vary") { random, record in 42 + (record < 8000 ? 0 : normal(&random)) },
    ])
  func `are none of what is rare, slow or heavy`(_ stream: NumberStream) throws {
    let learner = Learner(spec: spec(), batchCapacity: 32)
    try learn(learner, stream, records: 0..<16000, rows: 32)
    var random = SplitMix64(seed: Self.seed)
    let values = (0..<16000).map { Double(stream.value(&random, $0)) }
    let mean = values.reduce(0, +) / 16000
    let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 16000).squareRoot()
    let found = learner.statistics(ofNumber: 0)
    #expect(abs(found.mean - mean) < 0.1 * deviation, "seed \(Self.seed): \(found), \(mean) ± \(deviation)")
    #expect(found.deviation > 0.7 * deviation && found.deviation < 1.01 * deviation)
  }

  @Test(arguments: [10, 1000] as [Float], [1, 8, 64])
  func `are none for long: a shift is followed within 2,000 records`(_ shift: Float, _ rows: Int) throws {
    let learner = Learner(spec: spec(), batchCapacity: rows)
    let stream = NumberStream("shift") { random, record in normal(&random) + (record < 9600 ? 0 : shift) }
    try learn(learner, stream, records: 0..<11584, rows: rows)
    let found = learner.statistics(ofNumber: 0)
    #expect(abs(found.mean - Double(shift)) < 0.2 && found.deviation > 0.8 && found.deviation < 1.5, "\(found)")
  }

  @Test func `are the same whatever rank has which rows`() throws {
    let spec = spec()
    let alone = Learner(spec: spec, batchCapacity: 16)
    let pair = (0..<2).map { _ in Learner(spec: spec, batchCapacity: 16) }
    var random = SplitMix64(seed: Self.seed)
    for step in 0..<200 {
      let whole = spec.makeBatch(capacity: 16)
      whole.count = 16
      for row in 0..<16 {
        whole.numbers[row] = random.nextUnit() < 0.01 ? 1e30 : normal(&random) + (step > 120 ? 50 : 0)
        whole.labels[row] = Float(row % 2)
        whole.keys[row] = random.next()
      }
      alone.predict(whole)
      let local = alone.backward(whole)
      alone.absorbOwn()
      _ = alone.apply(labelled: 16, lossSum: local.lossSum)
      var attachments: [[UInt8]] = []
      var gradient = [Float](repeating: 0, count: pair[0].denseGradient.count)
      for (rank, learner) in pair.enumerated() {
        let share = spec.makeBatch(capacity: 16)
        // Odd rows here, even rows there.
        share.count = 8
        for row in 0..<8 { share.copyRow(2 * row + 1 - rank, of: whole, to: row) }
        learner.predict(share)
        _ = learner.backward(share)
        var bytes: [UInt8] = []
        learner.appendAttachment(to: &bytes)
        attachments.append(bytes)
        for index in gradient.indices { gradient[index] += learner.denseGradient[index] }
      }
      for learner in pair {
        for index in gradient.indices { learner.denseGradient[index] = gradient[index] }
        try attachments[0].withUnsafeBytes { first in
          try attachments[1].withUnsafeBytes { try learner.absorb(attachments: [first, $0]) }
        }
        _ = learner.apply(labelled: 16, lossSum: local.lossSum)
      }
      #expect(pair[0].encodeState() == pair[1].encodeState())
      let (one, two) = (alone.statistics(ofNumber: 0), pair[0].statistics(ofNumber: 0))
      #expect(one.center == two.center && one.scale == two.scale)
      #expect(abs(one.mean - two.mean) <= 1e-9 * (1 + abs(one.mean)), "seed \(Self.seed), step \(step)")
    }
    #expect(abs(alone.statistics(ofNumber: 0).mean - 50) < 1)
  }

  @Test func `among labels neither rescale the answers nor pull at the weights`() throws {
    let regression = spec(.regression)
    func answers(_ stream: NumberStream) throws -> [Float] {
      let learner = Learner(spec: regression, batchCapacity: 8)
      var record = 0
      try learn(
        learner, tame, records: 0..<8000,
        label: { value, random in
          record += 1
          return stream.value(&random, record) + 3 * value
        })
      let batch = regression.makeBatch(capacity: 2)
      batch.count = 2
      (batch.numbers[0], batch.numbers[1]) = (1, -1)
      learner.predict(batch)
      return Array(learner.outputs)
    }
    let clean = try answers(NumberStream("clean") { _, _ in 7 })
    #expect(abs(clean[0] - 10) < 0.2 && abs(clean[1] - 4) < 0.2)
    for at in [3, 4000] {
      let wild = try answers(NumberStream("wild") { _, record in record == at ? 1e15 : 7 })
      #expect(abs(wild[0] - 10) < 0.3 && abs(wild[1] - 4) < 0.3, "1e15 at \(at): \(wild)")
    }
  }
}
