// swift-tools-version: 6.2
// No package dependencies: a clone builds with the network off. System libraries come from the distribution.
import PackageDescription

/// An import is the file's own unless it says `package import` or `public import`; a member is seen where its module is
/// imported by that very file. So the import lines tell the whole truth, and the tidy test can hold the floors by them.
let strictly: [SwiftSetting] = [
  .treatAllWarnings(as: .error), .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"), .enableUpcomingFeature("InternalImportsByDefault"),
]

/// Rooms whose every unsafe expression is marked `unsafe`: the tidy test names them too, so that none is let go of.
let memorySafe: Set = [
  "Confinement", "Arguments", "Membership", "Rollouts", "Controller", "Telemetry", "Health", "Evaluation", "Registry",
]

/// A Swift room of the house; `Sources/README.md` has the floor table that the tidy test holds against the imports.
func room(_ name: String, _ imports: [String] = [], resources: [Resource]? = nil) -> Target {
  .target(
    name: name, dependencies: imports.map { .byName(name: $0) }, resources: resources,
    swiftSettings: strictly + (memorySafe.contains(name) ? [.strictMemorySafety()] : []))
}

/// The tests of one room.
func tests(_ name: String, _ imports: [String] = []) -> Target {
  .testTarget(
    name: name + "Tests", dependencies: ([name, "TestKit", "Vocabulary"] + imports).map { .byName(name: $0) },
    swiftSettings: strictly)
}

func library(_ name: String, pkgConfig: String, apt: String, brew: String) -> Target {
  .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([apt]), .brew([brew])])
}

let rules = [
  "Tensors", "Learning", "Health", "Evaluation", "Ingest", "Pipelines", "Membership", "Rollouts",
]
let doors = ["Kafka", "Postgres", "Collectives", "HTTP", "Telemetry"]
let lowerFloors = ["Vocabulary", "Confinement", "Cryptography"] + rules + doors + ["Registry"]
let services = ["Worker", "Controller", "Server"]

let package = Package(
  name: "retrain",
  products: [
    .executable(name: "retrainctl", targets: ["retrainctl"]),
    .executable(name: "retrain-bench", targets: ["retrain-bench"]),
  ],
  targets: [
    // Ground
    library("CPostgres", pkgConfig: "libpq", apt: "libpq-dev", brew: "libpq"),
    library("CRDKafka", pkgConfig: "rdkafka", apt: "librdkafka-dev", brew: "librdkafka"),
    library("CYAML", pkgConfig: "yaml-0.1", apt: "libyaml-dev", brew: "libyaml"),
    library("CMicrohttpd", pkgConfig: "libmicrohttpd", apt: "libmicrohttpd-dev", brew: "libmicrohttpd"),
    library("CCurl", pkgConfig: "libcurl", apt: "libcurl4-gnutls-dev", brew: "curl"),
    library("CGnuTLS", pkgConfig: "gnutls", apt: "libgnutls28-dev", brew: "gnutls"),
    library("CCompression", pkgConfig: "libzstd", apt: "libzstd-dev", brew: "zstd"),
    // -O3 in every configuration: a debug build of the inner loops is too slow to test with.
    .target(name: "CKernels", cSettings: [.unsafeFlags(["-O3", "-ffp-contract=off", "-Wall", "-Werror"])]),
    .target(name: "CGHASH", cSettings: [.unsafeFlags(["-O3", "-Wall", "-Werror"])]),
    .target(
      name: "CJSON", cxxSettings: [.unsafeFlags(["-O3", "-std=c++17", "-Wall", "-Werror"])],
      linkerSettings: [.linkedLibrary("simdjson")]),
    room("Vocabulary"),
    room("Confinement", ["Vocabulary"]),
    room("Arguments", ["Vocabulary"]),
    room("JSON", ["Vocabulary"]),
    room("Cryptography", ["Vocabulary", "CGnuTLS", "CGHASH"]),

    // Rules
    room("Tensors", ["Vocabulary", "CKernels"]),
    room("Health", ["Vocabulary"]),
    room("Evaluation", ["Vocabulary"]),
    room("Learning", ["Vocabulary", "Tensors", "Health", "Pipelines"]),
    room("Pipelines", ["Vocabulary", "JSON", "Membership", "CYAML"]),
    room("Ingest", ["Vocabulary", "JSON", "Tensors", "Pipelines", "CJSON", "CCompression"]),
    room("Membership", ["Vocabulary"]),
    room("Rollouts", ["Vocabulary", "Evaluation", "Health"]),

    // Doors
    room("Kafka", ["Vocabulary", "Confinement", "CRDKafka"]),
    room("Postgres", ["Vocabulary", "Confinement", "CPostgres"]),
    room("Collectives", ["Vocabulary", "Confinement", "Cryptography", "Tensors", "Membership"]),
    room("HTTP", ["Vocabulary", "Confinement", "Cryptography", "CMicrohttpd", "CCurl"]),
    room("Telemetry", ["Vocabulary", "JSON"]),
    room("Alerts", ["Vocabulary", "Confinement", "JSON", "Pipelines", "HTTP"]),

    // Memory
    room(
      "Registry",
      [
        "Vocabulary", "JSON", "Postgres", "Learning", "Health", "Evaluation", "Rollouts", "Membership",
        "Cryptography",
      ],
      // A link to the folder at the top: the program carries its files.
      resources: [.embedInCode("migrations")]),

    // Services
    room("Worker", lowerFloors),
    room(
      "Controller",
      [
        "Vocabulary", "JSON", "Confinement", "Alerts", "Registry", "Rollouts", "Pipelines", "Telemetry", "Health",
        "Evaluation", "Membership",
      ]),
    room(
      "Server",
      [
        "Vocabulary", "JSON", "Confinement", "Cryptography", "Registry", "Learning", "Tensors", "Ingest", "Rollouts",
        "Pipelines", "HTTP",
        "Telemetry", "Health", "Evaluation",
      ]),

    // Entrance
    .executableTarget(
      name: "retrainctl",
      dependencies: (["Arguments", "JSON", "Alerts"] + lowerFloors + services).map { .byName(name: $0) },
      swiftSettings: strictly),
    .executableTarget(
      name: "retrain-bench",
      dependencies: (["Arguments", "JSON"] + lowerFloors + services).map { .byName(name: $0) },
      exclude: ["Peers"], swiftSettings: strictly),

    // Tests mirror Sources
    .target(
      name: "TestKit", dependencies: ["Vocabulary", "Postgres", "Kafka", "CGnuTLS"], path: "Tests/TestKit",
      swiftSettings: strictly),
    .testTarget(name: "VocabularyTests", dependencies: ["Vocabulary"], swiftSettings: strictly),
    tests("Confinement"),
    tests("Arguments"),
    tests("JSON"),
    tests("Cryptography"),
    tests("Tensors"),
    tests("Health"),
    tests("Evaluation"),
    tests("Learning", ["Tensors", "Health", "Pipelines", "CAllocationCounter"]),
    .target(name: "CAllocationCounter", path: "Tests/CAllocationCounter"),
    tests("Pipelines"),
    tests("Ingest", ["Tensors", "Pipelines"]),
    tests("Membership"),
    tests("Rollouts", ["Evaluation", "Health"]),
    tests("Kafka", ["Confinement"]),
    tests("Postgres", ["Confinement"]),
    tests("Collectives", ["Membership", "Cryptography"]),
    tests("HTTP"),
    tests("Telemetry"),
    tests("Alerts", ["HTTP", "Pipelines"]),
    tests("Registry", ["Postgres", "Cryptography", "Learning", "Health", "Evaluation", "Rollouts", "Membership"]),
    tests("Worker", lowerFloors.filter { $0 != "Vocabulary" } + ["CAllocationCounter"]),
    tests(
      "Controller",
      [
        "Confinement", "Membership", "Registry", "Rollouts", "Pipelines", "Telemetry", "Health", "Evaluation",
        "Postgres", "HTTP",
      ]),
    tests(
      "Server",
      [
        "Registry", "Tensors", "Learning", "Health", "Evaluation", "Membership", "Ingest", "Rollouts", "Pipelines",
        "HTTP", "Telemetry", "Postgres",
      ]),
    .testTarget(
      name: "EndToEndTests",
      dependencies: [
        "TestKit", "Vocabulary", "Evaluation", "Ingest", "Pipelines", "Kafka", "Postgres", "retrainctl",
      ],
      swiftSettings: strictly),
    .testTarget(name: "TidyTests", dependencies: ["TestKit"], swiftSettings: strictly),
  ],
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx17
)
