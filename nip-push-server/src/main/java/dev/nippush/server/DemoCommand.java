package dev.nippush.server;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Shows what the program does, without an account anywhere. */
@Command(
        name = "demo",
        description =
                "Plays the whole way of a message on this machine alone: a relay, gateways, the server, and an app"
                        + " that goes away. Needs no account and no network. Ends with 0 if every step came true.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class DemoCommand implements Callable<Integer> {

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    DemoCommand() {}

    @Override
    public Integer call() throws Failure {
        PrintWriter out = spec.commandLine().getOut();
        Logs.configure(ServerConfig.LogLevel.WARN);
        try {
            new Demo(out).play();
        } catch (Demo.DemoException e) {
            out.println("This did not come true: " + e.getMessage());
            return ExitCode.SOFTWARE;
        }
        out.println("All of it came true.");
        return ExitCode.OK;
    }
}
