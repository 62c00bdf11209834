import Learning
import Tensors
import Vocabulary
import Worker

/// Something that makes training worse and says nothing, and who has to notice it.
struct Sabotage: Sendable {
  let name: String
  /// One of these at least.
  let noticedBy: Set<HealthRule>
  /// What it does to records on their way.
  var change: (@Sendable (ZooStream, _ partition: Int32, _ offset: Int64) -> ZooRecord)?
  /// What it does to the model.
  var model: @Sendable (Learner) -> any Model = { $0 }

  static func all(_ past: ZooPast) -> [Sabotage] { ofModels(past) + ofRecords(past) }

  private static func ofModels(_ past: ZooPast) -> [Sabotage] {
    [
      Sabotage(name: "optimiser forgets after each step", noticedBy: [.updateShift]) { ForgetfulOptimizer($0) },
      Sabotage(name: "normaliser frozen", noticedBy: [.normalizerStalled]) { FrozenNormalizer($0) },
      Sabotage(name: "normaliser reset", noticedBy: [.normalizerStalled]) { ResetNormalizer($0) },
      Sabotage(name: "head detached", noticedBy: [.vanishingGradient]) { DetachedLayer($0, "output") },
      Sabotage(name: "gradient of one layer lost", noticedBy: [.vanishingGradient]) { DetachedLayer($0, "hidden_1") },
      Sabotage(name: "one layer frozen", noticedBy: [.unchangedWeights]) { FrozenLayer($0) },
      Sabotage(name: "gradient with the wrong sign", noticedBy: [.lossSpike, .diverging]) { WrongSign($0) },
      Sabotage(name: "learning rate × 1000", noticedBy: [.updateRatio, .lossSpike]) { WrongRate($0, times: 1000) },
      Sabotage(name: "learning rate × 0.001", noticedBy: [.updateShift]) { WrongRate($0, times: 0.001) },
      Sabotage(name: "gradient not divided by the count", noticedBy: [.gradientShift]) { NotDivided($0) },
      Sabotage(name: "weight decay far too large", noticedBy: [.lossSpike, .lossDrift]) { GreatDecay($0) },
      Sabotage(name: "dropout while answering", noticedBy: [.lossApart]) { DropsWhileAnswering($0) },
      Sabotage(name: "answers of an old state", noticedBy: [.lossApart]) { [early = past.early] in
        OldAnswers($0, of: early)
      },
    ]
  }

  private static func ofRecords(_ past: ZooPast) -> [Sabotage] {
    let perPartition = Int64(ZooRig.perPartition)
    return [
      Sabotage(
        name: "labels shifted by one record", noticedBy: [.lossDrift, .lossSpike],
        change: { stream, partition, offset in
          var record = stream.sent(partition, offset)
          record.label = stream.sent(partition, offset - 1).label
          return record
        }),
      Sabotage(
        name: "labels of another field", noticedBy: [.lossDrift, .lossSpike],
        change: altered { $0.label = $0.b > -2 ? 1 : 0 }),
      Sabotage(
        name: "classes swapped", noticedBy: [.lossDrift, .lossSpike], change: altered { $0.label = 1 - $0.label }),
      Sabotage(
        name: "stale batch, learned again and again", noticedBy: [.repeatedRecords],
        change: { stream, partition, offset in stream.sent(partition, 1_000_000 + offset % perPartition) }),
      Sabotage(
        name: "label in a feature", noticedBy: [.lossTooGood], change: altered { $0.d = 80 + 40 * $0.label }),
      Sabotage(
        name: "feature columns swapped", noticedBy: [.featureDrift],
        change: altered { record in (record.a, record.b) = (record.b, record.a) }),
      Sabotage(
        name: "rows of a category swapped", noticedBy: [.lossDrift, .lossSpike],
        change: altered { $0.category = $0.category % 8 + 1 }),
      Sabotage(name: "a feature is a default", noticedBy: [.featureConstant], change: altered { $0.a = 10 }),
      Sabotage(name: "a feature in another unit", noticedBy: [.unitChange], change: altered { $0.d *= 1000 }),
    ]
  }

  private static func altered(
    _ change: @escaping @Sendable (inout ZooRecord) -> Void
  ) -> @Sendable (ZooStream, Int32, Int64) -> ZooRecord {
    { stream, partition, offset in
      var record = stream.sent(partition, offset)
      change(&record)
      return record
    }
  }
}

extension Sabotage {
  init(name: String, noticedBy: Set<HealthRule>, model: @escaping @Sendable (Learner) -> any Model) {
    self.init(name: name, noticedBy: noticedBy)
    self.model = model
  }
}
