import Evaluation
import Health
import Ingest
import Learning
import Pipelines
import Registry
import Synchronization
import Tensors
import Testing
import Vocabulary
import Worker

@Suite("Step loop")
struct StepLoopTests {
  @Test("every record of a bounded stream is learned once, and the run ends by itself", arguments: [1, 2, 3])
  func learnsAll(worldSize: Int) async throws {
    let results = try await runRanks(
      worldSize, smallPipeline(), stream: MemoryStream(partitionCount: 3, recordsPerPartition: 200))
    for result in results {
      #expect(result.end == .finished, "\(result.error ?? "")")
      #expect(result.state.trained == 600)
      #expect(result.state.rejectedTotal == 0)
      #expect(result.state.progress.allSatisfy { $0.nextOffset == 200 })
      #expect(result.state.metrics.records == 600)
    }
    #expect(results[0].state.metrics.auc ?? 0 > 0.75)
  }

  @Test("all ranks hold the same bits at the end", arguments: [2, 4])
  func sameBits(worldSize: Int) async throws {
    let results = try await runRanks(
      worldSize, smallPipeline(), stream: MemoryStream(partitionCount: 4, recordsPerPartition: 150))
    for result in results.dropFirst() {
      #expect(result.learner == results[0].learner)
      #expect(result.state.metrics == results[0].state.metrics)
    }
  }

  @Test("a rate that waits for the loss falls alike on every rank, and goes on from a snapshot")
  func plateau() async throws {
    func pipeline(patience: Int) -> Pipeline {
      smallPipeline {
        $0.training.optimizer.schedule.kind = .plateau
        $0.training.optimizer.schedule.warmupSteps = 10
        $0.training.optimizer.schedule.patience = patience
        $0.training.optimizer.schedule.smoothing = 3
        $0.training.reproducible = true
      }
    }
    let stream = MemoryStream(partitionCount: 4, recordsPerPartition: 400)
    let results = try await runRanks(3, pipeline(patience: 4), stream: stream)
    for result in results.dropFirst() { #expect(result.learner == results[0].learner) }
    // The losses that were agreed on did lower the rate.
    let patient = try await runRanks(3, pipeline(patience: 100_000), stream: stream)[0]
    #expect(patient.learner.count == results[0].learner.count)
    #expect(patient.learner != results[0].learner)
    let snapshot = try #require(results[0].snapshots.first)
    let heirs = try await runRanks(
      3, pipeline(patience: 4), stream: stream, from: (snapshot.state, snapshot.learner))
    #expect(heirs[0].learner == results[0].learner)
  }

  @Test("a rank whose partitions are quiet adds nothing: the others learn the very bits they learn alone")
  func quietRank() async throws {
    var stream = MemoryStream(partitionCount: 3, recordsPerPartition: 300)
    stream.empty = [1, 2]
    let alone = try await runRanks(1, smallPipeline(), stream: stream)[0]
    for result in try await runRanks(3, smallPipeline(), stream: stream) {
      #expect(result.end == .finished)
      #expect(result.state.trained == 300)
      #expect(result.learner == alone.learner)
    }
  }

  @Test("refused records are counted by reason and passed by, never learned")
  func rejected() async throws {
    var stream = MemoryStream(partitionCount: 2, recordsPerPartition: 100)
    stream.rejectEvery = 10
    let result = try await runRanks(2, smallPipeline(), stream: stream)[0]
    #expect(result.state.trained == 180)
    #expect(result.state.rejected[RejectReason.malformed.index] == 20)
    #expect(result.state.progress.allSatisfy { $0.trained + $0.rejected == $0.nextOffset - $0.startOffset })
  }

  @Test("only the leader saves, at every interval and at the end, and the last one is final")
  func checkpoints() async throws {
    let results = try await runRanks(
      2, smallPipeline(), stream: MemoryStream(partitionCount: 2, recordsPerPartition: 610))
    #expect(results[1].snapshots.isEmpty)
    let snapshots = results[0].snapshots
    #expect(snapshots.map(\.state.step) == [50, 100, 150, 153])
    #expect(snapshots.map(\.isFinal) == [false, false, false, true])
    #expect(snapshots.last?.learner == results[0].learner)
    #expect(snapshots[0].health.isEmpty == false)
    let model = try ModelParameters(spec: LearnerSpec(smallPipeline()), state: snapshots[0].learner)
    #expect(model.firstNonFiniteParameter() == nil && model.step == 50)
  }

  @Test("going on from a snapshot gives the bits of the run that was never interrupted")
  func resume() async throws {
    let stream = MemoryStream(partitionCount: 2, recordsPerPartition: 400)
    let whole = try await runRanks(2, smallPipeline(), stream: stream)[0]
    let half = try #require(whole.snapshots.first { $0.state.step == 50 })
    var start = half.state
    start.window = whole.state.window
    let resumed = try await runRanks(2, smallPipeline(), stream: stream, from: (start, half.learner))[0]
    #expect(resumed.learner == whole.learner)
    #expect(resumed.state.progress == whole.state.progress)
    #expect(resumed.state.metrics == whole.state.metrics)
  }

  @Test("a step limit ends the run after exactly that many steps")
  func stepLimit() async throws {
    let results = try await runRanks(
      2, smallPipeline(), stream: MemoryStream(partitionCount: 2, recordsPerPartition: 400), stopsAtEnd: false,
      stepLimit: 17)
    #expect(results.map(\.state.step) == [17, 17])
    #expect(results[0].state.trained == 17 * 8)
    #expect(results[0].end == .finished)
  }

  @Test("a record that makes numbers non-finite is quarantined with its place, and the rest of its step is learned")
  func quarantine() async throws {
    var stream = MemoryStream(partitionCount: 2, recordsPerPartition: 40)
    stream.poisoned = [13]
    let pipeline = smallPipeline { $0.schema.features[0].normalize = .none }
    let results = try await runRanks(2, pipeline, stream: stream)
    let found = results.flatMap(\.quarantined)
    #expect(found.map(\.position) == [RecordPosition(topic: "small", partition: 0, offset: 13)])
    #expect(found.first?.feature == "a")
    #expect(results[0].state.trained == 79)
    #expect(results[0].state.rejected[RejectReason.nonFinite.index] == 1)
    for snapshot in results.flatMap(\.snapshots) {
      let model = try ModelParameters(spec: LearnerSpec(pipeline), state: snapshot.learner)
      #expect(model.firstNonFiniteParameter() == nil)
    }
    #expect(results[0].learner == results[1].learner)
  }

  @Test("a model with a weight that is no number halts the group, and no record is named for it", arguments: [1, 2])
  func damagedWeight(worldSize: Int) async throws {
    let stream = MemoryStream(partitionCount: 2, recordsPerPartition: 400)
    let sound = try await runRanks(1, smallPipeline(), stream: stream)[0]
    let half = try #require(sound.snapshots.first { $0.state.step == 50 })
    let learner = Learner(spec: LearnerSpec(smallPipeline()), batchCapacity: 1)
    try learner.restoreState(half.learner)
    learner.network.parameters[0] = .nan
    let results = try await runRanks(
      worldSize, smallPipeline(), stream: stream, from: (half.state, learner.encodeState()))
    for result in results {
      #expect(result.quarantined.isEmpty)
      guard case .halted(let reason) = result.end else {
        Issue.record("ended with \(String(describing: result.end)) \(result.error ?? "")")
        continue
      }
      #expect(reason.contains("the model's parameters are damaged"))
      #expect(result.state.step == 50)
    }
  }

  @Test("where only the sum over records overflows, those that make it overflow are named, and the rest is learned")
  func overflowingSum() async throws {
    // Each is finite, and so is what it alone gives the weights; two answered wrongly to the same side give infinity.
    var stream = MemoryStream(partitionCount: 2, recordsPerPartition: 40)
    (stream.poisoned, stream.poison) = (Set(0..<40), .greatestFiniteMagnitude)
    let pipeline = smallPipeline {
      $0.model.hidden = []
      $0.schema.features[0].normalize = .none
    }
    let results = try await runRanks(2, pipeline, stream: stream)
    let found = results.flatMap(\.quarantined)
    #expect(!found.isEmpty)
    #expect(found.allSatisfy { $0.position.partition == 0 && $0.feature == "a" })
    #expect(results[0].state.trained == 80 - Int64(found.count))
    #expect(results[0].state.rejected[RejectReason.nonFinite.index] == Int64(found.count))
    #expect(results.map(\.end) == [.finished, .finished])
    #expect(results[0].learner == results[1].learner)
  }

  @Test("health counts each row once, also where a step that gathers it is made again for its sum", arguments: [1, 2])
  func healthOfCuredSums(worldSize: Int) async throws {
    var stream = MemoryStream(partitionCount: 2, recordsPerPartition: 40)
    (stream.poisoned, stream.poison) = (Set(0..<40), 1e38)
    let pipeline = smallPipeline {
      $0.model.hidden = []
      $0.schema.features[0].normalize = .none
      $0.checkpoint.everySteps = 5
    }
    let result = try await runRanks(worldSize, pipeline, stream: stream)[0]
    // The fifth step, the one that was to gather it, is made again: what was learned until then is saved.
    #expect(result.quarantined.map(\.step) == [4, 4, 4, 4])
    #expect(result.snapshots.map(\.state.step) == [4, 9, 10] && result.snapshots.last?.isFinal == true)
    let sketches = result.snapshots.flatMap(\.health).filter { $0.layer == "output" }.map(\.sketch)
    #expect(sketches.reduce(0) { $0 + $1.count } == 80)
    #expect(sketches.allSatisfy { $0.nonFinite == 0 })
  }

  @Test("a step whose rows are all taken out has counted each of them once, for one reason")
  func takenOut() throws {
    var stream = MemoryStream(partitionCount: 1, recordsPerPartition: 4)
    stream.poisoned = [0, 1, 2, 3]
    let pipeline = smallPipeline { $0.schema.features[0].normalize = .none }
    let buffer = PartitionBuffer(partition: 0, capacity: 5, numberCount: 2, categoryCount: 1, nextOffset: 0)
    var numbers: [String: Int] = [:]
    stream.fill(buffer, nil, &numbers)
    let shares = StepShares(
      buffers: [buffer], batch: FeatureBatch(capacity: 4, numberCount: 2, categoryCount: 1),
      deal: StepDeal(each: 4, partitions: 1))
    shares.take()
    #expect(shares.quarantine(row: 2).offset == 2)
    let quarantine = Quarantine(topic: "small")
    let learner = Learner(spec: LearnerSpec(pipeline), batchCapacity: 4)
    #expect(quarantine.cure(shares, learner: learner, step: 1).map(\.position.offset) == [0, 1, 3])
    #expect(shares.skips.map(\.offset) == [2, 0, 1, 3])
    #expect(shares.shares.map(\.trained) == [0])
    #expect(shares.rejected[RejectReason.nonFinite.index] == 4 && shares.rejected.reduce(0, +) == 4)
    shares.take()
    #expect(shares.takenOut.isEmpty && shares.skips.isEmpty)
  }

  @Test("a value far outside its usual range is counted by its field, with an example and its place")
  func wildValue() async throws {
    var stream = MemoryStream(partitionCount: 2, recordsPerPartition: 400)
    (stream.poisoned, stream.poison) = ([250, 300], 1e20)
    let state = try await runRanks(2, smallPipeline(), stream: stream)[0].state
    let entries = state.fields.entries.filter { $0.code.notice == .wild }
    #expect(entries.map(\.code.field) == [0] && entries.map(\.records) == [2])
    #expect(entries.first?.example == "1e+20 at small/0@250")
    #expect(state.trained == 800)
  }

  @Test("beyond the budget of non-finite records the lineage is halted")
  func halted() async throws {
    var stream = MemoryStream(partitionCount: 2, recordsPerPartition: 400)
    stream.poisoned = Set(10..<30)
    let results = try await runRanks(
      2,
      smallPipeline {
        $0.training.nonFiniteBudget = 5
        $0.schema.features[0].normalize = .none
      }, stream: stream)
    for result in results {
      guard case .halted(let reason) = result.end else {
        Issue.record("ended with \(String(describing: result.end)) \(result.error ?? "")")
        continue
      }
      #expect(reason.contains("non_finite_budget (5)"))
      #expect(result.state.trained < 800)
    }
  }

  @Test("the ledger reaches back to the last durable checkpoint, every step's range of every partition without a gap")
  func ledger() async throws {
    let result = try await runRanks(
      2, smallPipeline { $0.training.ledger = true }, stream: MemoryStream(partitionCount: 2, recordsPerPartition: 300))[
        0]
    var next: [Int32: Int64] = [:]
    // Nothing became durable in this run, so the last snapshot holds all of it.
    for entry in try #require(result.snapshots.last).ledger {
      #expect(entry.share.from == next[entry.share.partition] ?? 0)
      next[entry.share.partition] = entry.share.next
    }
    #expect(next == [0: 300, 1: 300])
  }

  @Test(
    "a model that gives no numbers even for empty records halts the lineage with a sentence, and saves nothing",
    arguments: [1, 2])
  func damaged(worldSize: Int) async throws {
    let stream = MemoryStream(partitionCount: 2, recordsPerPartition: 40)
    let results = try await runRanks(
      worldSize, smallPipeline(), stream: stream,
      model: { learner in
        let model = WatchedModel(learner)
        model.isDamaged = true
        return model
      })
    for result in results {
      guard case .halted(let reason) = result.end else {
        Issue.record("ended with \(String(describing: result.end)) \(result.error ?? "")")
        continue
      }
      #expect(reason.hasPrefix("the model's parameters are damaged: in step 0 they gave no numbers"))
      #expect(result.snapshots.isEmpty && result.state.step == 0)
    }
  }

  @Test("a model that is damaged on one rank alone is that rank's to give up: nobody halts, and nobody is blamed")
  func damagedAlone() async throws {
    let stream = MemoryStream(partitionCount: 2, recordsPerPartition: 40)
    let made = Mutex(0)
    let results = try await runRanks(
      2, smallPipeline(), stream: stream,
      model: { learner in
        let model = WatchedModel(learner)
        model.isDamaged = made.withLock { number in
          number += 1
          return number == 1
        }
        return model
      })
    for result in results {
      #expect(result.end == nil && result.error?.contains("holds another model than the other 1 of 2") == true)
      #expect(result.quarantined.isEmpty && result.snapshots.isEmpty)
    }
  }

  @Test("steps that are void are no work: what a generation inherited is saved at its end, and took it no seconds")
  func voidSteps() async throws {
    let pipeline = smallPipeline { $0.training.reproducible = true }
    let before = try await runRanks(2, pipeline, stream: MemoryStream(partitionCount: 2, recordsPerPartition: 40))[0]
    let snapshot = try #require(before.snapshots.last)
    #expect(snapshot.seconds > 0)
    // The leader has full shares, and the other rank nothing.
    var stream = MemoryStream(partitionCount: 2, recordsPerPartition: 80)
    stream.empty = [1]
    let heir = try await runRanks(
      2, pipeline, stream: stream, stopsAtEnd: false, stops: true, from: (snapshot.state, snapshot.learner),
      savedStep: 0)[0]
    #expect(heir.end == .stopped && heir.state.step == snapshot.state.step, "\(heir.error ?? "")")
    #expect(heir.snapshots.map(\.isFinal) == [true])
    #expect(heir.snapshots.map(\.seconds) == [0])
  }
}

@Suite("Loss of a rank")
struct RankLossTests {
  @Test("a rank that goes away ends the generation on the others, with the state of the last agreed step")
  func lostRank() async throws {
    // Rank 1 stops after 20 steps without telling: its loop ends and its links close.
    let stream = MemoryStream(partitionCount: 2, recordsPerPartition: 4000)
    let results = try await runRanksWithOneLeaving(stream: stream, after: 20)
    let survivor = results[0]
    #expect(survivor.end == nil)
    #expect(
      survivor.error?.contains("lost") == true || survivor.error?.contains("peer") == true, "\(survivor.error ?? "")")
    #expect(survivor.state.progress.allSatisfy { $0.trained == $0.nextOffset })
    // The survivor is where the lost one was, or one step ahead of it.
    #expect((0...1).contains(survivor.state.step - results[1].state.step))
  }
}
