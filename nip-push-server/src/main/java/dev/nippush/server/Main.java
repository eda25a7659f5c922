package dev.nippush.server;

import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/**
 * The program. Exit codes: 0 done, 1 failed, 2 the command line or the configuration is wrong.
 */
@Command(
        name = "nip-push",
        description = "A push server for Nostr: turns events into notifications by APNs, FCM and UnifiedPush.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:done", "1:failed", "2:the command line or the configuration is wrong"})
public final class Main implements Runnable {

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    private Main() {}

    /** Runs the program and ends the process. */
    public static void main(String[] arguments) {
        PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        PrintWriter err = new PrintWriter(System.err, true, Charset.defaultCharset());
        System.exit(run(arguments, System.getenv(), System.in, out, err));
    }

    /** Runs the program. Returns the exit code. */
    static int run(
            String[] arguments, Map<String, String> environment, InputStream in, PrintWriter out, PrintWriter err) {
        Logs.configure(ServerConfig.LogLevel.INFO);
        CommandLine line = new CommandLine(new Main());
        CommandLine serve = new CommandLine(new ServeCommand(environment));
        serve.getCommandSpec().usageMessage().footerHeading("%nThe keys of the configuration:%n");
        serve.getCommandSpec()
                .usageMessage()
                .footer(ConfigHelp.example()
                        .lines()
                        .map(row -> row.replace("%", "%%"))
                        .toArray(String[]::new));
        line.addSubcommand(serve);
        line.addSubcommand(new DemoCommand());
        line.addSubcommand(new KeygenCommand());
        line.addSubcommand(StoreCommand.line(environment, in));
        line.setOut(out);
        line.setErr(err);
        line.setExecutionExceptionHandler((failure, command, parsed) -> explain(failure, err));
        return line.execute(arguments);
    }

    /** Without a command there is nothing to do. */
    @Override
    public void run() {
        throw new CommandLine.ParameterException(
                spec.commandLine(), "A command is missing: serve, demo, keygen or store.");
    }

    private static int explain(Exception failure, PrintWriter err) {
        if (failure instanceof ConfigException wrong) {
            wrong.problems().forEach(problem -> err.println("nip-push: " + problem));
            return ExitCode.USAGE;
        }
        if (failure instanceof Failure) {
            err.println("nip-push: " + failure.getMessage());
            return ExitCode.SOFTWARE;
        }
        LoggerFactory.getLogger(Main.class).error("a bug in nip-push", failure);
        return ExitCode.SOFTWARE;
    }
}
