import Evaluation
import Health
import Learning
import Pipelines
import Tensors
import Testing
import Vocabulary
import Worker

@Suite("Classes that are found")
struct FoundClassesTests {
  private static func label(_ most: Int) -> LabelSettings {
    var label = LabelSettings(path: "kind")
    (label.findsClasses, label.classesMax) = (true, most)
    return label
  }

  private static func pipeline(_ most: Int, _ change: (inout Pipeline) -> Void = { _ in }) -> Pipeline {
    smallPipeline {
      $0.model.task = .multiclass
      $0.schema.label = label(most)
      $0.training.reproducible = true
      change(&$0)
    }
  }

  /// A class of each partition's own that comes late in it, and two that all have from the start.
  private static let stream: MemoryStream = {
    var stream = MemoryStream(partitionCount: 3, recordsPerPartition: 200)
    stream.className = { partition, offset in
      if offset > 40 + 50 * Int64(partition), offset % 3 == 0 { return "of \(partition)" }
      return offset % 2 == 0 ? "even" : "odd"
    }
    return stream
  }()

  @Test("come in the order of the records, by partition and offset, whoever met them first")
  func order() {
    let classes = FoundClasses(Self.label(3), names: ["a"], book: ClassBook())
    let sightings = [(2, 0, "c"), (0, 7, "d"), (0, 3, "b"), (1, 1, "b"), (0, 1, "a")].map {
      ClassSighting(partition: $0.0, offset: Int64($0.1), name: $0.2)
    }
    let came = classes.admit(sightings)
    #expect(came && classes.names == ["a", "b", "d"])
    #expect(classes.isFull && !classes.admit(sightings))
  }

  @Test("a name that no list could hold is none, nor is an empty or a long one")
  func accepted() {
    let classes = FoundClasses(Self.label(9), names: [], book: ClassBook())
    let names = ["", "a\nb", "\u{7f}", String(repeating: "x", count: 257), "\u{2028}", "é", " ", "\"quoted\""]
    classes.admit(names.enumerated().map { ClassSighting(partition: 0, offset: Int64($0.offset), name: $0.element) })
    #expect(classes.names == ["é", " ", "\"quoted\""])
  }

  @Test("every record is learned once, with the same classes at every number of workers", arguments: [1, 2, 3])
  func sameClasses(worldSize: Int) async throws {
    let results = try await runRanks(worldSize, Self.pipeline(8), stream: Self.stream)
    for result in results {
      #expect(result.end == .finished, "\(result.error ?? "")")
      #expect(result.state.trained == 600 && result.state.rejectedTotal == 0)
      #expect(result.state.classes == ["even", "odd", "of 0", "of 1", "of 2"])
      #expect(result.learner == results[0].learner)
      #expect(result.state.metrics == results[0].state.metrics)
      #expect(result.state.metrics.classCounts?.reduce(0, +) == 600)
    }
    let alone = try await runRanks(1, Self.pipeline(8), stream: Self.stream)[0]
    #expect(results[0].state.metrics.classCounts == alone.state.metrics.classCounts)
    #expect(results[0].state.step == alone.state.step)
  }

  @Test("where all come in the first step they are learned to the bits of the same classes listed")
  func likeListed() async throws {
    var stream = MemoryStream(partitionCount: 2, recordsPerPartition: 120)
    stream.className = { _, offset in ["x", "y", "z"][Int(offset % 3)] }
    let found = try await runRanks(2, Self.pipeline(3), stream: stream)[0]
    stream.className = nil
    stream.classNumber = { _, offset in Int(offset % 3) }
    let listed = try await runRanks(
      2, Self.pipeline(3) { $0.schema.label = LabelSettings(path: "kind", classes: ["x", "y", "z"]) }, stream: stream)[
        0]
    #expect(found.state.classes == ["x", "y", "z"])
    #expect(found.learner == listed.learner)
    #expect(found.state.metrics == listed.state.metrics)
  }

  @Test("what goes beyond classes_max is refused, and its letter names the class and the bound", arguments: [1, 2])
  func beyond(worldSize: Int) async throws {
    var stream = MemoryStream(partitionCount: 2, recordsPerPartition: 60)
    stream.className = { partition, offset in offset % 4 == 3 ? "odd one \(partition) \(offset)" : "usual \(offset % 4)"
    }
    let results = try await runRanks(worldSize, Self.pipeline(3), stream: stream)
    let state = results[0].state
    #expect(results.allSatisfy { $0.end == .finished }, "\(results.compactMap(\.error))")
    #expect(state.classes == ["usual 0", "usual 1", "usual 2"])
    #expect(state.trained == 90 && state.rejected[RejectReason.badLabel.index] == 30)
    let refused = results.flatMap(\.quarantined)
    #expect(refused.count == 30 && refused.allSatisfy { $0.reason == .badLabel })
    #expect(refused[0].remark?.contains("`odd one 0 3` is none of the 3 classes") ?? false, "\(refused[0])")
    #expect(results.allSatisfy { $0.learner == results[0].learner })
  }

  @Test(
    "a record with a further class has its place in its step whether it was decoded before the last one was found or after"
  )
  func decodedLate() async throws {
    var stream = MemoryStream(partitionCount: 2, recordsPerPartition: 60)
    stream.className = { partition, offset in offset % 4 == 3 ? "odd one \(partition) \(offset)" : "usual \(offset % 4)"
    }
    let early = try await runRanks(2, Self.pipeline(3), stream: stream)
    stream.isOther = { $0 > 20 }
    let late = try await runRanks(2, Self.pipeline(3), stream: stream)
    #expect(late[0].state.step == early[0].state.step && late[0].learner == early[0].learner)
    #expect(late[0].state.rejected == early[0].state.rejected && late[0].state.metrics == early[0].state.metrics)
    let last = try #require(late.flatMap(\.quarantined).max { $0.position.offset < $1.position.offset })
    #expect(last.remark == "kind: its class is none of the 3 classes that schema.label.classes_max lets be found")
  }

  @Test("health counts each record once, also where a step that gathers it is made again", arguments: [1, 3])
  func health(worldSize: Int) async throws {
    for every in [1, 3, 4] {
      let pipeline = Self.pipeline(8) { $0.checkpoint.everySteps = every }
      let result = try await runRanks(worldSize, pipeline, stream: Self.stream)[0]
      let layers = result.snapshots.compactMap { $0.health.first { $0.layer == "hidden_1" } }
      let counted = layers.reduce(0) { $0 + $1.sketch.count } / 8
      // The last step's rows are in no checkpoint where nothing came after it that was to be saved.
      #expect(counted == 600 || counted == 600 - 12, "every \(every)")
    }
  }

  @Test("go on from a snapshot with the bits of the run that was never interrupted")
  func resume() async throws {
    let pipeline = Self.pipeline(8) { $0.checkpoint.everySteps = 30 }
    let whole = try await runRanks(2, pipeline, stream: Self.stream)[0]
    let half = try #require(whole.snapshots.first { $0.state.classes.count == 4 })
    var start = half.state
    start.window = whole.state.window
    let resumed = try await runRanks(2, pipeline, stream: Self.stream, from: (start, half.learner))[0]
    #expect(resumed.state.classes == whole.state.classes)
    #expect(resumed.learner == whole.learner)
    #expect(resumed.state.metrics == whole.state.metrics)
  }

  @Test("a predictor of a checkpoint answers for the classes that were known then, and they sum to 1")
  func answers() async throws {
    var pipeline = Self.pipeline(8) { $0.checkpoint.everySteps = 20 }
    let whole = try await runRanks(1, pipeline, stream: Self.stream)[0]
    for snapshot in whole.snapshots {
      pipeline.schema.label.classes = snapshot.state.classes
      let contract = try DataContract(text: DataContract(pipeline).text)
      #expect(contract.schema.label == pipeline.schema.label)
      let predictor = try Predictor(
        spec: LearnerSpec(pipeline.under(contract)), state: snapshot.learner, batchCapacity: 4)
      let batch = FeatureBatch(capacity: 4, numberCount: 2, categoryCount: 1)
      batch.count = 4
      predictor.predict(batch)
      let outputs = predictor.outputs
      #expect(predictor.outputCount == snapshot.state.classes.count && outputs.count == 4 * predictor.outputCount)
      #expect(abs(outputs.reduce(0, +) - 4) < 1e-5)
    }
  }

  @Test("travel in an envelope, no more of them than may become classes and no longer than a name may be")
  func envelope() throws {
    var envelope = StepEnvelope()
    envelope.flags = .newClasses
    envelope.classes = [
      ClassSighting(partition: 3, offset: 1 << 40, name: "é"), ClassSighting(partition: 4, offset: 0, name: "owl"),
    ]
    func read(_ most: Int) throws -> [ClassSighting] {
      var writer = StepEnvelopeWriter()
      writer.write(envelope, rejected: [], labels: [0], outputs: [0], losses: [0], frozenLosses: [0], health: [])
      writer.appendLearner { $0.append(7) }
      return try writer.bytes.withUnsafeBytes {
        let received = try ReceivedEnvelope($0, outputCount: 1)
        #expect(received.rowCount == 0 && received.learner.count == 1)
        return try received.sightings(atMost: most)
      }
    }
    let sightings = try read(2)
    #expect(sightings == envelope.classes)
    #expect(throws: EnvelopeError.self) { try read(1) }
    envelope.classes[0].name = String(repeating: "x", count: 257)
    #expect(throws: EnvelopeError.self) { try read(2) }
  }

  @Test(
    "come while other partitions give nothing but refused records, of which none is passed over", arguments: [1, 2, 3])
  func besideRefusals(worldSize: Int) async throws {
    var stream = MemoryStream(partitionCount: 3, recordsPerPartition: 120)
    stream.refuses = { partition, offset in partition == 2 || partition == 1 && offset >= 25 || offset % 7 == 3 }
    stream.className = { partition, offset in "of \(partition), \(offset / 25)" }
    for reproducible in [true, false] {
      let pipeline = Self.pipeline(40) {
        $0.training.reproducible = reproducible
        $0.training.recordsPerPartition = 1
      }
      let results = try await runRanks(worldSize, pipeline, stream: stream)
      let refused = (0..<3).reduce(0) { sum, partition in
        sum + (0..<120).count { stream.refuses?(Int32(partition), Int64($0)) ?? false }
      }
      for result in results {
        #expect(result.end == .finished, "\(result.error ?? "")")
        #expect(result.state.rejectedTotal == Int64(refused) && result.state.trained == Int64(360 - refused))
        #expect(result.state.classes == results[0].state.classes && result.learner == results[0].learner)
      }
    }
  }

  @Test("of ranks at one step the one that has more of them goes on: another was lost before it heard")
  func standing() {
    func standings(_ parts: [(Int64, Int64)], saved: Int64) -> [Standing] {
      parts.map { Standing(held: $0.0, classes: $0.1, saved: saved) }
    }
    let torn = standings([(7, 2), (7, 3), (6, 3)], saved: 5)
    #expect(Standing.source(torn) == Rank(1) && !Standing.agree(torn))
    let same = standings([(7, 3), (7, 3)], saved: 7)
    #expect(Standing.source(same) == Rank(0) && Standing.agree(same))
    #expect(Standing.source(standings([(7, 3), (7, 3)], saved: 8)) == nil)
    #expect(Standing.source(standings([(-1, 0), (-1, 0)], saved: -1)) == nil)
    #expect(Standing.source(standings([(-1, 0), (0, 0)], saved: -1)) == Rank(1))
  }

  @Test("letters that find no room are counted, and crowd out no record that was not finite")
  func letters() {
    let quarantine = Quarantine(topic: "t")
    func record(_ offset: Int64, _ reason: RejectReason) -> QuarantinedRecord {
      QuarantinedRecord(
        position: RecordPosition(topic: "t", partition: 0, offset: offset), step: 1, layer: "label", feature: nil,
        reason: reason)
    }
    for offset in 0..<Int64(Quarantine.waitingMax + 3) { quarantine.put(record(offset, .badLabel)) }
    quarantine.put(record(-1, .nonFinite))
    #expect(quarantine.takeLost().map { [Int64($0.count), $0.first.offset] } == [3, Int64(Quarantine.waitingMax)])
    #expect(quarantine.takeLost() == nil)
    let found = quarantine.takeFound()
    #expect(found.count == Quarantine.waitingMax + 1 && found.last?.reason == .nonFinite)
    quarantine.put(record(5, .badLabel))
    #expect(quarantine.takeFound().count == 1)
  }

  @Test("who knows nothing chooses among those that were found")
  func ignorance() {
    #expect(EvaluationTask(Self.pipeline(64), found: 3) == .multiclass(3))
    #expect(EvaluationTask(Self.pipeline(64), found: 0) == .multiclass(2))
    #expect(EvaluationTask(Self.pipeline(64), found: nil) == .multiclass(64))
    #expect(EvaluationTask(smallPipeline(), found: nil) == .binary)
  }
}
