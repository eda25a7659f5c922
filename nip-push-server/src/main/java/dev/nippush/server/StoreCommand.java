package dev.nippush.server;

import dev.nippush.jdbc.StoreArchive;
import dev.nippush.jdbc.StoreException;
import dev.nippush.jdbc.StoreReport;
import dev.nippush.jdbc.StoreRows;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.Reader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.LongConsumer;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Looks after the store as a whole. */
@Command(
        name = "store",
        description = "Looks after what the server keeps: where, the configuration says.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class StoreCommand implements Runnable {

    private static final String STANDARD = "-";

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    private StoreCommand() {}

    /** The command, with those below it. */
    static CommandLine line(Map<String, String> environment, InputStream in) {
        CommandLine line = new CommandLine(new StoreCommand());
        line.addSubcommand(new Check(environment));
        line.addSubcommand(new Export(environment));
        line.addSubcommand(new Import(environment, in));
        return line;
    }

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "A command is missing: check, export or import.");
    }

    /** What all three do. */
    private abstract static class OnArchive implements Callable<Integer> {

        private final Map<String, String> environment;

        @Spec
        @SuppressWarnings("NullAway.Init")
        private CommandSpec spec;

        @Mixin
        @SuppressWarnings("NullAway.Init")
        private ConfigOption config;

        OnArchive(Map<String, String> environment) {
            this.environment = environment;
        }

        @Override
        public Integer call() throws ConfigException, Failure {
            ServerConfig read = config.read(environment);
            ServerConfig.Store store = read.store();
            try {
                StoreArchive archive = store.password()
                        .map(password -> StoreArchive.of(store.url(), password))
                        .orElseGet(() -> StoreArchive.of(store.url()));
                return work(archive, read);
            } catch (StoreException e) {
                throw new Failure(e.getMessage());
            }
        }

        abstract int work(StoreArchive archive, ServerConfig config) throws Failure;

        PrintWriter out() {
            return spec.commandLine().getOut();
        }

        PrintWriter err() {
            return spec.commandLine().getErr();
        }

        /** Says now and then how far it has come. */
        LongConsumer progress() {
            return rows -> {
                if (rows % 100_000 == 0) {
                    err().printf(Locale.ROOT, "%,d rows%n", rows);
                }
            };
        }

        static void tell(StoreRows rows, PrintWriter to) {
            row(to, "accounts", rows.accounts());
            row(to, "held events", rows.held());
            row(to, "decisions", rows.decisions());
            row(to, "owed pushes", rows.owed());
            row(to, "ended pushes", rows.settled());
            row(to, "relays", rows.cursors());
        }

        static void row(PrintWriter to, String what, long count) {
            to.printf(Locale.ROOT, "%-13s%,d%n", what, count);
        }
    }

    @Command(
            name = "check",
            description = "Reads every row, and says what is damaged. Changes nothing; the server may run meanwhile.",
            mixinStandardHelpOptions = true,
            versionProvider = Version.class)
    private static final class Check extends OnArchive {

        Check(Map<String, String> environment) {
            super(environment);
        }

        @Override
        int work(StoreArchive archive, ServerConfig config) {
            StoreReport report = archive.check(progress());
            tell(report.rows(), out());
            if (report.orphans() > 0) {
                row(out(), "of nobody", report.orphans());
            }
            report.problems().forEach(problem -> out().println("damaged: " + problem));
            if (report.damages() > report.problems().size()) {
                row(out(), "damages", report.damages());
            }
            out().println(report.isSound() ? "The store is sound." : "The store is damaged.");
            return report.isSound() ? ExitCode.OK : ExitCode.SOFTWARE;
        }
    }

    @Command(
            name = "export",
            description =
                    "Writes everything as JSON lines. The server may run meanwhile. They hold device tokens and who"
                            + " talks to whom: keep them like a key.",
            mixinStandardHelpOptions = true,
            versionProvider = Version.class)
    private static final class Export extends OnArchive {

        @Option(
                names = "--out",
                paramLabel = "FILE",
                defaultValue = STANDARD,
                description = "A new file (mode 0600), or - for the standard output, which is the default.")
        private String target = STANDARD;

        Export(Map<String, String> environment) {
            super(environment);
        }

        @Override
        int work(StoreArchive archive, ServerConfig config) throws Failure {
            try {
                StoreRows rows = target.equals(STANDARD) ? toOutput(archive) : toFile(archive, Path.of(target));
                tell(rows, err());
                return ExitCode.OK;
            } catch (FileAlreadyExistsException e) {
                throw new Failure("there is a file at " + target + " already; it was not touched");
            } catch (IOException e) {
                throw new Failure("cannot write the export", e);
            }
        }

        private StoreRows toOutput(StoreArchive archive) throws IOException {
            StoreRows rows = archive.exportTo(out(), progress());
            // A PrintWriter keeps its failures to itself.
            if (out().checkError()) {
                throw new IOException("the standard output was closed");
            }
            return rows;
        }

        private StoreRows toFile(StoreArchive archive, Path file) throws IOException {
            Path directory = file.toAbsolutePath().getParent();
            Files.createFile(file, OwnerAlone.in(directory));
            boolean complete = false;
            try (Writer writer = new BufferedWriter(new OutputStreamWriter(
                    Files.newOutputStream(file, StandardOpenOption.WRITE), StandardCharsets.UTF_8))) {
                StoreRows rows = archive.exportTo(writer, progress());
                complete = true;
                return rows;
            } finally {
                if (!complete) {
                    Files.deleteIfExists(file);
                }
            }
        }
    }

    @Command(
            name = "import",
            description = "Fills an empty store from an export: all of it, or nothing. Refused while a server uses the"
                    + " store.",
            mixinStandardHelpOptions = true,
            versionProvider = Version.class)
    private static final class Import extends OnArchive {

        private final InputStream in;

        @Option(
                names = "--in",
                paramLabel = "FILE",
                defaultValue = STANDARD,
                description = "An export, or - for the standard input, which is the default.")
        private String source = STANDARD;

        Import(Map<String, String> environment, InputStream in) {
            super(environment);
            this.in = in;
        }

        @Override
        int work(StoreArchive archive, ServerConfig config) throws Failure {
            Stores.makeDirectory(config);
            try (Reader reader = new BufferedReader(new InputStreamReader(
                    source.equals(STANDARD) ? in : Files.newInputStream(Path.of(source)),
                    StandardCharsets.UTF_8.newDecoder()))) {
                tell(archive.importFrom(reader, progress()), out());
                return ExitCode.OK;
            } catch (IOException e) {
                throw new Failure("cannot read the export", e);
            }
        }
    }
}
