import Evaluation
import Foundation
import Vocabulary

/// One version of the zoo: a network, and what is wrong or different about it.
struct ZooVersion {
  /// What it is answered with; `index` is the record's number in the run.
  typealias Change<Value> = (_ value: inout Value, _ record: ZooRecord, _ index: Int, _ random: inout SplitMix64) ->
    Void

  let name: String
  let isGood: Bool
  let network: TinyNetwork
  /// Another whose logits are averaged with its own.
  var companion: TinyNetwork?
  var inputs: Change<[Float]>?
  var logits: Change<[Float]>?
  /// Times the usual.
  var latency = 1.0
  /// Records before which it is good.
  var ruinedAt = 0

  init(_ name: String, isGood: Bool = false, _ network: TinyNetwork) {
    self.name = name
    self.isGood = isGood
    self.network = network
  }

  var task: EvaluationTask { network.task }

  func answers(_ record: ZooRecord, _ index: Int, _ random: inout SplitMix64) -> [Float] {
    var values = record.inputs
    if let inputs { inputs(&values, record, index, &random) }
    var own = network.logits(values)
    if let companion { own = zip(own, companion.logits(values)).map { ($0 + $1) / 2 } }
    if let logits { logits(&own, record, index, &random) }
    return TinyNetwork.answers(own, task)
  }

  func with(_ change: (inout ZooVersion) -> Void) -> ZooVersion {
    var version = self
    change(&version)
    return version
  }
}

/// The networks of one seed and task from which versions are made.
struct ZooStable {
  let baseline: TinyNetwork
  /// The baseline that has learned on.
  let fresh: TinyNetwork
  let stale: TinyNetwork
  let leaked: TinyNetwork
  let mislabelled: TinyNetwork
  let young: TinyNetwork
  let wide: TinyNetwork
  let scratch: TinyNetwork
  let longer: TinyNetwork
  let untrained: TinyNetwork

  init(_ task: EvaluationTask, seed: UInt64) {
    var stream = ZooStream(task, truth: seed, seed: seed &* 4)
    func records(_ count: Int) -> [ZooRecord] { (0..<count).map { _ in stream.next() } }
    let history = records(6000)
    let news = records(8000)
    let more = records(8000)
    func learned(_ network: TinyNetwork, _ records: [ZooRecord], rate: Float = 0.04) -> TinyNetwork {
      var network = network
      network.learn(records, rate: rate)
      return network
    }
    untrained = TinyNetwork(task, hidden: 16, seed: seed)
    baseline = learned(untrained, history)
    fresh = learned(baseline, news, rate: 0.02)
    longer = learned(fresh, more, rate: 0.01)
    scratch = learned(TinyNetwork(task, hidden: 16, seed: seed &+ 7_000), history + news + more)
    wide = learned(TinyNetwork(task, hidden: 32, seed: seed), history + news + more)
    young = learned(untrained, Array(history.prefix(60)))
    var random = SplitMix64(run: seed &+ 5)
    mislabelled = learned(
      untrained,
      history.map { record in
        var record = record
        if random.nextUnit() < 0.5 { record.label = history[Int(random.next() % 6000)].label }
        return record
      })
    leaked = learned(
      untrained,
      history.map { record in
        var record = record
        record.inputs[ZooRecord.width - 1] = record.label
        return record
      })
    var old = ZooStream(task, truth: seed, seed: seed &* 4 &+ 1, angle: -1)
    stale = learned(untrained, (0..<6000).map { _ in old.next() })
  }
}
