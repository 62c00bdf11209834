import Arguments
import Registry
import Vocabulary

struct MigrateCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "migrate", abstract: "Bring the database's tables up to this program's.",
      discussion: """
        'start' does it by itself. Migrations are numbered, applied under a lock, each in one transaction, and \
        remembered with their checksums; a database that a newer program has migrated is refused.
        """)
  }

  @OptionGroup var format: OutputFormat

  func run() async throws {
    let database = try DatabaseAccess.enter(creates: true)
    defer { try? database.leave() }
    let registry = try await Registry.open(
      at: database.location, applicationName: "retrainctl migrate", deadline: .after(.seconds(15)))
    let report: MigrationReport
    do { report = try await registry.migrate() } catch {
      await registry.close()
      throw error
    }
    await registry.close()
    if format.json { return try Console.say(json: report) }
    for name in report.applied { Console.say("applied \(name)") }
    Console.say("the database is at migration \(report.version)")
  }
}
