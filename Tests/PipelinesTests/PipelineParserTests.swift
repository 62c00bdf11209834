import Foundation
import Pipelines
import Testing

@Suite("Pipeline files")
struct PipelineParserTests {
  @Test("each bad file earns exactly the report beside it", arguments: FixtureFiles.bad)
  func badFile(name: String) throws {
    let bytes = try Data(contentsOf: FixtureFiles.folder.appending(path: name + ".bad.yaml"))
    let text = String(decoding: bytes, as: UTF8.self)
    let found = report(on: text, fileName: name + ".bad.yaml")
    #expect(!found.isEmpty)
    #expect(!found.contains("s3cr3t"))
    let expected = FixtureFiles.folder.appending(path: name + ".expected.txt")
    if FixtureFiles.isRecording { try Data(found.utf8).write(to: expected) }
    #expect(found == String(decoding: try Data(contentsOf: expected), as: UTF8.self))
  }

  @Test("there are bad files to refuse")
  func fixturesExist() {
    #expect(FixtureFiles.bad.count >= 8)
  }

  @Test("every key is read into its setting")
  func everyKey() throws {
    let pipeline = try parsed(FixtureFiles.text("full.yaml"))
    #expect(pipeline.name == "every-key")
    #expect(pipeline.source.brokers == "kafka-1:9092")
    #expect(pipeline.source.recordBytesMax == 256 << 10)
    #expect(pipeline.source.queueBytesMax == 1 << 30)
    #expect(pipeline.source.start == .latest)
    #expect(pipeline.source.effectiveDeadLetterTopic == "events.bad")
    #expect(pipeline.source.librdkafka["sasl.password"] == "hunter2")
    #expect(pipeline.source.librdkafka["socket.timeout.ms"] == "30000")
    #expect(pipeline.schema.eventTime == "time.event")
    #expect(pipeline.schema.label.classes == ["on time", "late: very", "null"])
    #expect(pipeline.schema.timeUnit == .milliseconds && pipeline.schema.coerce)
    let features = pipeline.schema.features
    #expect(features[0].origin == 1000.5 && features[0].coerce == false && features[1].coerce == nil)
    #expect(features[2].unit == .nanoseconds && features[3].path == #"body.country\.code"#)
    #expect(features.map(\.name) == ["amount", "is_new", "since", "country", "user", "words", "title"])
    #expect(features[5].norm == .l1 && features[5].keysMax == 99 && features[5].clip == -9...9)
    #expect(features[6].ngrams == 2 && features[6].dimension == 3)
    #expect(features[0].missing == .value(0))
    #expect(features[0].clip == -1.5...1e6)
    #expect(features[0].outOfRange == .reject)
    #expect(features[0].normalize == .none)
    #expect(features[1].path == "is_new")
    #expect(features[1].missingIndicator)
    #expect(features[2].missing == .reject)
    #expect(features[3].values == ["de", "fr", "no", "12"])
    #expect(features[3].unknown == .missing)
    #expect(features[4].buckets == 100_000)
    #expect(pipeline.model.hidden.isEmpty)
    #expect(pipeline.model.normalization == .layerNorm)
    #expect(pipeline.model.inputClip == 7.5)
    #expect(pipeline.training.linger == .microseconds(1500))
    #expect(pipeline.training.optimizer.kind == .sgd)
    #expect(pipeline.training.optimizer.learningRate == 0.01)
    #expect(pipeline.training.embeddingOptimizer.beta2 == 0.99)
    #expect(pipeline.training.optimizer.nesterov)
    #expect(pipeline.training.optimizer.l1 == 1e-5)
    #expect(pipeline.training.optimizer.weightDecay == 1e-4)
    #expect(pipeline.training.optimizer.schedule.kind == .cosine)
    #expect(pipeline.training.optimizer.schedule.warmupSteps == 500)
    #expect(pipeline.training.optimizer.schedule.steps == 20_000)
    #expect(pipeline.training.optimizer.schedule.floor == 0.05)
    #expect(pipeline.training.embeddingOptimizer.schedule.factor == 0.25)
    #expect(pipeline.training.embeddingOptimizer.schedule.patience == 900)
    #expect(pipeline.training.embeddingOptimizer.schedule.smoothing == 90)
    #expect(pipeline.training.wideOptimizer?.kind == .ftrl)
    #expect(pipeline.training.wideOptimizer?.beta == 1.5)
    #expect(pipeline.training.wideOptimizer?.l2 == 0.7)
    #expect(try parsed(minimal(rest: "training: { clip_adaptive: 0.02 }")).training.clipAdaptive == 0.02)
    #expect(pipeline.training.clipLayerNorm == 2)
    #expect(pipeline.training.clipGlobalNorm == nil)
    #expect(pipeline.training.clipValue == 0.5)
    #expect(pipeline.training.peerTimeout == .milliseconds(2500))
    #expect(pipeline.group.gradients == .bfloat16)
    #expect(pipeline.checkpoint.every == .seconds(120))
    #expect(pipeline.group.encryption == .tls && GroupSettings().encryption == .none)
    #expect(pipeline.health.gradientNormMax == 10_000)
    #expect(pipeline.rollout.effectiveCanary == [0.05, 0.25, 1])
    #expect(pipeline.rollout.hold == .seconds(120) && pipeline.rollout.coolDown == .seconds(3600))
    #expect(pipeline.rollout.slo?.availability == 0.999 && pipeline.rollout.slo?.latency?.under == .milliseconds(50))
    #expect(pipeline.rollout.durationMax == .seconds(86_400) && pipeline.rollout.onInconclusive == .hold)
    #expect(pipeline.serving.address == "::1" && pipeline.serving.isOpen)
    #expect(pipeline.serving.tls?.key == "/etc/retrain/server.key")
    #expect(pipeline.serving.queueTimeout == .seconds(2))
  }

  @Test("tokens are read, and shown by nothing that a person sees")
  func tokens() throws {
    let text = minimal(rest: "serving: { tokens: [{ token: \"${env:SECRET}\", role: operate }] }")
    let pipeline = try parsed(text)
    #expect(pipeline.serving.tokens.map(\.token) == ["s3cr3t"] && pipeline.serving.tokens[0].role == .operate)
    #expect(pipeline.effectiveYAML.contains("role: operate") && !pipeline.effectiveYAML.contains("s3cr3t"))
    #expect(!String(decoding: try JSONEncoder().encode(EffectivePipeline(pipeline)), as: UTF8.self).contains("s3cr3t"))
    let spoiled = report(on: minimal(rest: "serving: { tokens: [{ token: my secret, role: predict }] }"))
    #expect(spoiled.contains("is no token") && !spoiled.contains("my secret"))
    #expect(report(on: minimal(rest: "serving: { tokens: [] }")).contains("at least 1"))
    #expect(report(on: minimal(rest: "serving: { tls: { key: /k } }")).contains("lacks the key `certificate`"))
  }

  @Test("a server beyond its machine without TLS and tokens is noted, and is no mistake to anybody else")
  func exposedServer() throws {
    func advice(_ serving: String) throws -> [String] {
      try parsed(minimal(rest: "serving: { \(serving) }")).advice.map(\.sentence)
    }
    for address in ["0.0.0.0", "\"::\"", "10.0.0.1", "models.internal"] {
      #expect(try advice("address: \(address)").contains { $0.contains("no TLS and tokens") }, "\(address)")
      #expect(try advice("address: \(address), open: true").isEmpty)
    }
    for address in ["127.0.0.1", "127.1.2.3", "\"::1\"", "localhost", "\"::ffff:127.0.0.1\""] {
      #expect(try advice("address: \(address)").isEmpty, "\(address)")
    }
    let both = "tls: { certificate: /c, key: /k }, tokens: [{ token: \"${env:SECRET}\", role: read }]"
    #expect(try advice("address: 0.0.0.0, \(both)").isEmpty)
  }

  @Test("what the file leaves out has the default of the setting")
  func defaults() throws {
    let pipeline = try parsed(minimal())
    #expect(pipeline.training == TrainingSettings())
    #expect(pipeline.group == GroupSettings() && pipeline.group.gradients == .float32)
    #expect(pipeline.checkpoint == CheckpointSettings())
    #expect(pipeline.health == HealthSettings())
    #expect(pipeline.rollout == RolloutSettings())
    #expect(pipeline.serving == ServingSettings())
    #expect(pipeline.source == SourceSettings(topic: "events"))
    var feature = FeatureSettings(name: "a", type: .float)
    feature.missingIndicator = true
    #expect(pipeline.schema.features == [feature])
  }

  @Test("an optimiser has the usual values of its kind", arguments: TrainingSettings.OptimizerKind.allCases)
  func usualValues(kind: TrainingSettings.OptimizerKind) throws {
    let pipeline = try parsed(minimal(rest: "training: { optimizer: { kind: \(kind.rawValue) } }"))
    let optimizer = pipeline.training.optimizer
    #expect(optimizer == TrainingSettings.Optimizer(kind: kind))
    #expect(optimizer.beta2 == (kind == .rmsprop || kind == .lion ? 0.99 : 0.999))
    #expect(optimizer.weightDecay == (kind == .adamw ? 0.01 : 0))
    #expect(optimizer.learningRate > 0 && optimizer.learningRate < 1)
    #expect(try parsed(pipeline.effectiveYAML) == pipeline)
  }

  @Test("the pipeline of the quickstart is one, over every field of the flights stream")
  func quickstart() throws {
    let file = FixtureFiles.repository.appending(path: "Pipelines/quickstart.yaml")
    let pipeline = try parsed(String(decoding: try Data(contentsOf: file), as: UTF8.self), fileName: file.path)
    #expect(pipeline.schema.numericFeatures.count == 17)
    #expect(pipeline.schema.categoryFeatures.count == 6)
    #expect(pipeline.model.preset == .best)
    #expect(pipeline.schema.label.path == "y.late15")
    #expect(pipeline.source.partitions == 4)
  }

  @Test("the effective pipeline parses back to the same one", arguments: ["full.yaml", "quickstart"])
  func effective(name: String) throws {
    let text =
      name == "quickstart"
      ? String(
        decoding: try Data(contentsOf: FixtureFiles.repository.appending(path: "Pipelines/quickstart.yaml")),
        as: UTF8.self) : try FixtureFiles.text(name)
    var pipeline = try parsed(text)
    // What may be a secret is masked there.
    pipeline.alerts.removeAll { $0.webhook != nil || !$0.environment.isEmpty }
    let effective = pipeline.effectiveYAML
    #expect(!effective.contains("hunter2"))
    let back = try parsed(effective, fileName: "effective.yaml")
    for property in ["sasl.username", "sasl.password"] where pipeline.source.librdkafka[property] != nil {
      pipeline.source.librdkafka[property] = "********"
    }
    #expect(back == pipeline)
    #expect(back.effectiveYAML == effective)
  }

  @Test("a minimal pipeline shows every default, and only what applies")
  func effectiveMinimal() throws {
    let effective = try parsed(minimal(features: "    - { name: c, type: category }")).effectiveYAML
    let snapshot = FixtureFiles.folder.appending(path: "minimal.effective.yaml")
    if FixtureFiles.isRecording { try Data(effective.utf8).write(to: snapshot) }
    #expect(effective == String(decoding: try Data(contentsOf: snapshot), as: UTF8.self))
  }

  @Test("the value of a variable is never shown, even where it is wrong")
  func secretStaysSecret() {
    let found = report(on: minimal(source: "  partitions: ${env:SECRET}", rest: "health: ${env:SECRET}"))
    #expect(found.contains("${env:SECRET}"))
    #expect(!found.contains("s3cr3t"))
  }

  @Test("a variable may stand for a number and inside a text")
  func variables() throws {
    let pipeline = try PipelineParser.parse(
      text: minimal(source: "  partitions: ${env:COUNT}\n  brokers: \"a-${env:COUNT}:9092,b:${env:COUNT}\""),
      fileName: "p.yaml"
    ) { $0 == "COUNT" ? "7" : nil }
    #expect(pipeline.source.partitions == 7)
    #expect(pipeline.source.brokers == "a-7:9092,b:7")
  }

  @Test(
    "durations and sizes are read with their units",
    arguments: [
      ("0s", 0), ("1us", 1), ("50ms", 50_000), ("10s", 10_000_000), ("2m", 120_000_000), ("1h", 3_600_000_000),
    ])
  func durations(text: String, microseconds: Int) throws {
    let pipeline = try parsed(minimal(rest: "training: { linger: \(text) }"))
    #expect(pipeline.training.linger == .microseconds(microseconds))
    #expect(try parsed(pipeline.effectiveYAML) == pipeline)
  }

  @Test(
    "no duration, size or number is guessed at",
    arguments: [
      "training: { linger: 5 }", "training: { linger: 5 ms }", "training: { linger: 1.5s }",
      "training: { linger: -1s }",
      "training: { linger: 2h }", "source2: 1", "training: { workers: 2.0 }", "training: { workers: 0x2 }",
      "training: { workers: 99999999999999999999 }", "model2: {}", "rollout: { loss_tolerance: .inf }",
      "rollout: { loss_tolerance: 1e999 }", "training: { ledger: yes }", "training: { ledger: \"true\" }",
    ])
  func refused(line: String) {
    #expect(!report(on: minimal(rest: line)).isEmpty)
  }

  @Test("a file that is nothing but nesting is refused, not followed")
  func nesting() {
    #expect(report(on: String(repeating: "[", count: 5000)).contains("pipeline.yaml:"))
    #expect(
      report(on: "name: " + String(repeating: "[", count: 200) + String(repeating: "]", count: 200)).contains("deep"))
    #expect(report(on: String(repeating: "a", count: 2 << 20)).contains("1 MiB"))
  }

  @Test("an alias that would hold itself is refused")
  func cycle() {
    #expect(report(on: "name: &a [*a]").contains("alias"))
  }
}
