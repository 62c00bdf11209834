import Foundation
import Testing

/// Pipelines that between them use what a model can be made of, from records to predictions.
@Suite("Models of every kind")
struct ModelKindTests {
  private static let source = """
    name: kinds
    source: { topic: kinds, partitions: 2 }
    schema:
      label: { path: y.hit }
      features:
        - { name: a, path: x.a, type: float }
        - { name: b, path: x.b, type: float, missing_indicator: true }
        - { name: user, path: x.user, type: category, buckets: 64, dimension: 4 }
        - { name: tags, path: x.tags, type: category, buckets: 32, dimension: 4, values_max: 3, combine: sqrtn }

    """

  private static let network = """
    model:
      task: binary
      hidden: [11, 11, 6]
      activation: swiglu
      activation_clip: 20
      normalization: rms_norm
      dropout: 0.1
      residual: true
      cross_layers: 2
      cross_rank: 3
      factorization: true
      activation_l2: 0.0001
      wide: true
      label_smoothing: 0.02
      temperature: learned
      heads:
        - { name: visits, label: y.visits, task: regression, loss: poisson, weight: 0.1 }
        - { name: size, label: y.size, classes: [small, large], task: multiclass, weight: 0.3 }
    training:
      optimizer: { kind: adamw, learning_rate: 0.01, schedule: { kind: cosine, warmup_steps: 20, steps: 1000 } }
      embedding_optimizer: { kind: rmsprop, learning_rate: 0.01 }
      wide_optimizer: { kind: ftrl, learning_rate: 0.1, l1: 0.001 }
      clip_adaptive: 0.1
      clip_layer_norm: 1
    """

  private static let linear = """
    model: { kind: linear, task: binary, loss: { kind: focal, gamma: 1 } }
    training:
      optimizer: { kind: lion, learning_rate: 0.003, weight_decay: 0.01 }
      embedding_optimizer: { kind: adagrad, learning_rate: 0.1 }
    """

  /// Every fiftieth has a list that is too long.
  private static func records(_ count: Int) -> String {
    (0..<count).map { index in
      let a = Double(index * 37 % 101) / 50 - 1
      let b = Double(index * 53 % 89) / 44 - 1
      let tags = index % 50 == 7 ? 4 : index % 4
      let list = (0..<tags).map { "\"t\((index + $0) % 9)\"" }.joined(separator: ",")
      let hit = a + (index % 4 == 3 ? 0.5 : 0) > b ? 1 : 0
      return """
        {"x":{"a":\(a),"b":\(index % 10 == 0 ? "null" : "\(b)"),"user":"u\(index % 40)","tags":[\(list)]},\
        "y":{"hit":\(hit),"visits":\(index % 4),"size":"\(a > 0 ? "large" : "small")"}}
        """
    }.joined(separator: "\n") + "\n"
  }

  @Test("learn what a stream holds, and answer with every head", arguments: ["network", "linear"])
  func learns(kind: String) throws {
    let place = try Workplace()
    let (pipeline, file) = (place.folder + "/kinds.yaml", place.folder + "/kinds.jsonl")
    let text = Self.source + (kind == "network" ? Self.network : Self.linear)
    let rollout = "\nrollout: { records_min: 200, candidate_every: 1s }\ncheckpoint: { every_steps: 100, every: 1s }\n"
    try (text + rollout).write(toFile: pipeline, atomically: true, encoding: .utf8)
    try Self.records(3000).write(toFile: file, atomically: true, encoding: .utf8)

    let profile = try place.run("profile", pipeline, "--seconds", "0.1", "--json")
    #expect(profile.code == 0, "\(profile.complaints)")
    #expect(try place.run("dev", "up").code == 0)
    let fed = try place.run("feed", file, "--pipeline", pipeline)
    #expect(fed.code == 0, "\(fed.complaints)")
    let run = try place.run("start", pipeline, "--until", "end", "--json")
    #expect(run.code == 0, "\(run.complaints.suffix(3000))")

    let audit = try place.run("audit", "--json").json()
    #expect(audit["consumed"] as? Int == 3000)
    #expect(audit["trained"] as? Int == 2940)
    let reasons = (audit["rejectedByReason"] as? [String: Int] ?? [:]).filter { $0.value > 0 }
    #expect(reasons == ["out_of_range": 60])
    #expect(audit["lost"] as? Int == 0 && audit["duplicated"] as? Int == 0)
    let status = try place.run("status", "--json").json()
    let metrics = (status["checkpoint"] as? [String: Any])?["metrics"] as? [String: Any]
    #expect(metrics?["auc"] as? Double ?? 0 > 0.85)

    let checkpoints = try place.run("versions", "--json")
    let version = try #require(
      (try JSONSerialization.jsonObject(with: Data(checkpoints.output.utf8)) as? [[String: Any]])?.first?["number"]
        as? Int)
    let answer = try place.run(
      "predict", #"{"x":{"a":0.9,"b":-0.9,"user":"u1","tags":["t1"]}}"#, "--version", "\(version)", "--json")
    #expect(answer.code == 0, "\(answer.complaints)")
    let reply = try answer.json()
    #expect((reply["outputs"] as? [Double] ?? []).first ?? 0 > 0.7)
    let heads = reply["heads"] as? [[String: Any]] ?? []
    #expect(heads.compactMap { $0["name"] as? String } == (kind == "network" ? ["visits", "size"] : []))
    #expect(heads.allSatisfy { ($0["outputs"] as? [Double] ?? []).allSatisfy { $0.isFinite && $0 >= 0 } })
    #expect(try place.run("dev", "down").code == 0)
  }
}
