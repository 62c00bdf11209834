import Collectives
import Evaluation
import Ingest
import Kafka
import Pipelines
import Registry
import Telemetry
import TestKit
import Testing
import Vocabulary
import Worker

/// A text of metrics, read.
struct MetricsReading {
  let values: [String: Double]

  init(_ registry: MetricsRegistry) {
    values = Dictionary(
      uniqueKeysWithValues: registry.prometheusText().split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
        let parts = line.split(separator: " ")
        return (String(parts[0]), Double(parts[1]) ?? .nan)
      })
  }

  subscript(_ series: String) -> Double? { values[series] }

  func sum(_ prefix: String) -> Double { values.filter { $0.key.hasPrefix(prefix) }.reduce(0) { $0 + $1.value } }
}

@Suite("A worker's metrics", .serialized)
struct WorkerMetricsTests {
  @Test("the step loop counts every step by its outcome and times those that were learned")
  func steps() throws {
    let registry = MetricsRegistry()
    let board = ControlBoard()
    board.wish { $0.stopsAtEnd = true }
    let result = try runLoop(
      smallPipeline(),
      stream: MemoryStream(partitionCount: 2, recordsPerPartition: 400, rejectEvery: 10, hasMarks: true),
      collective: SoloCollective(generation: Generation(1)), board: board,
      meter: StepMeter(registry, pipeline: "small"))
    #expect(result.end == .finished)
    let metrics = MetricsReading(registry)
    let learned = Double(result.state.step)
    #expect(metrics[#"retrain_worker_steps_total{kind="learned",pipeline="small"}"#] == learned)
    for time in ["step", "exchange"] {
      #expect(metrics["retrain_worker_\(time)_duration_seconds_count{pipeline=\"small\"}"] == learned)
      #expect(metrics["retrain_worker_\(time)_duration_seconds_sum{pipeline=\"small\"}"] ?? 0 > 0)
    }
    let growth = board.currentFacts.growth
    #expect(growth.steps == result.state.step)
    #expect(growth.trained == result.state.trained)
    #expect(growth.rejected == result.state.rejected)
    #expect(growth.rejected[RejectReason.wrongType.index] == 80)
    #expect(growth.kept == result.state.fields.records)
    #expect(growth.fields[FieldCode(field: 0, .missing)] ?? 0 > 0)
    #expect(!board.currentFacts.health.isEmpty)
  }

  @Test("what the group did never falls, though it goes on from a state that knows less")
  func growth() {
    func state(_ step: Int64, _ trained: Int64) -> TrainingState {
      var state = TrainingState(task: .binary, progress: [PartitionProgress(partition: 0, startOffset: 0)])
      state.step = step
      state.progress[0].trained = trained
      state.rejected[0] = step
      state.fields.addKept(trained)
      state.fields.add(FieldCode(field: 1, .clipped), 2 * step)
      return state
    }
    var growth = GroupGrowth()
    growth.begin(state(100, 1000))
    growth.follow(state(110, 1100))
    #expect([growth.steps, growth.trained, growth.rejected[0], growth.kept] == [10, 100, 10, 100])
    // All were lost, and the newest checkpoint is older.
    growth.begin(state(105, 1050))
    growth.follow(state(108, 1080))
    #expect([growth.steps, growth.trained, growth.rejected[0], growth.kept] == [13, 130, 13, 130])
    #expect(growth.fields == [FieldCode(field: 1, .clipped): 26])
    growth.follow(state(107, 1070))
    #expect(growth.trained == 130)
  }

  @Test("two workers' metrics agree with the tables, and what is between generations has none of a rank's")
  func service() async throws {
    let rig = try await ServiceRig.make(records: 2000)
    let record = try await rig.register(workers: 2, until: "end")
    let registries = [MetricsRegistry(), MetricsRegistry()]
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (number, registry) in registries.enumerated() {
        let worker = WorkerService(
          pipeline: rig.pipeline, database: DatabaseLocation(uri: rig.database.uri), brokers: rig.broker.bootstrap,
          memberID: "m-\(number)", metrics: registry, metricsAddress: HostPort(host: "127.0.0.1", port: 9),
          logger: Logger(label: "m", sink: .none))
        let before = MetricsReading(registry)
        #expect(before[#"retrain_worker_state{pipeline="small",state="starting"}"#] == 1)
        #expect(before[#"retrain_worker_rank{pipeline="small"}"#] == nil)
        #expect(!worker.isReady)
        group.addTask { _ = try await worker.run() }
      }
      try await group.waitForAll()
    }
    let newest = try #require(try await rig.registry.newestCheckpoint(pipeline: record.id))
    let readings = registries.map(MetricsReading.init)
    #expect(Set(readings.map { $0[#"retrain_worker_rank{pipeline="small"}"#] }) == [0, 1])
    for metrics in readings {
      #expect(metrics[#"retrain_trained_records_total{pipeline="small"}"#] == 1960)
      #expect(metrics[#"retrain_rejected_records_total{pipeline="small",reason="malformed"}"#] == 40)
      #expect(metrics.sum("retrain_rejected_records_total") == 40)
      #expect(metrics[#"retrain_worker_world_size{pipeline="small"}"#] == 2)
      #expect(metrics[#"retrain_worker_step{pipeline="small"}"#] == Double(newest.step))
      #expect(metrics[#"retrain_model_measured_records{kind="lineage",pipeline="small"}"#] == 1960)
      #expect(metrics[#"retrain_model_auc{kind="lineage",pipeline="small"}"#] == newest.metrics.auc)
      // A last window in which nothing was left to learn says nothing of layers.
      let isEmpty = newest.window.records == 0
      #expect(metrics[#"retrain_layer_units{layer="hidden_1",pipeline="small"}"#] == (isEmpty ? nil : 8))
      #expect(metrics[#"retrain_layer_timed_steps_total{layer="hidden_1",pipeline="small"}"#] ?? 0 > 0)
      for pass in ["forward", "backward", "update"] {
        #expect(
          metrics["retrain_layer_seconds_total{layer=\"hidden_1\",pass=\"\(pass)\",pipeline=\"small\"}"] ?? 0 > 0)
      }
      #expect(metrics[#"retrain_layer_activation_bytes{layer="hidden_1",pipeline="small"}"#] ?? 0 > 0)
      #expect(
        metrics[#"retrain_layer_non_finite_elements{layer="hidden_1",pipeline="small"}"#] == (isEmpty ? nil : 0))
      #expect(metrics[#"retrain_feature_records_total{feature="a",kind="missing",pipeline="small"}"#] == 0)
    }
    // What one sends the other receives, but for an exchange that was in hand at the end.
    let bytes = readings.map { metrics in
      (
        metrics[#"retrain_worker_exchange_sent_bytes_total{pipeline="small"}"#] ?? 0,
        metrics[#"retrain_worker_exchange_received_bytes_total{pipeline="small"}"#] ?? 0
      )
    }
    #expect(bytes[0].0 == bytes[1].1 && bytes[1].0 == bytes[0].1 && bytes[0].0 > 100_000, "\(bytes)")
    let leader = readings.filter { $0[#"retrain_worker_rank{pipeline="small"}"#] == 0 }
    #expect(leader.first?[#"retrain_worker_checkpoints_total{pipeline="small"}"#] ?? 0 >= 1)
    #expect(leader.first?[#"retrain_worker_checkpoint_bytes{pipeline="small"}"#] == Double(newest.stateBytes))
    #expect(leader.first?[#"retrain_checkpoint_age_seconds{pipeline="small"}"#] ?? 99 < 60)
    #expect(readings.count { $0[#"retrain_checkpoint_age_seconds{pipeline="small"}"#] != nil } == 1)
    let probed = readings.filter { $0[#"retrain_model_probed_records{pipeline="small"}"#] ?? 0 > 0 }
    #expect(probed.count == 1, "the one that writes checkpoints")
    #expect((0...1).contains(probed.first?[#"retrain_model_flipped_answers_ratio{pipeline="small"}"#] ?? -1))
    #expect(probed.first?[#"retrain_model_int8_loss_rise_ratio{pipeline="small"}"#] != nil)
    await rig.close()
  }
}
