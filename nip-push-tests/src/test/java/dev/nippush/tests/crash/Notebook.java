package dev.nippush.tests.crash;

import static dev.nippush.tests.crash.Facts.NEVER;

import dev.nippush.tests.crash.Facts.Attempt;
import dev.nippush.tests.crash.Facts.Cut;
import dev.nippush.tests.crash.Facts.Deed;
import dev.nippush.tests.crash.Facts.Published;
import dev.nippush.tests.crash.Facts.Run;
import dev.nippush.tests.crash.Facts.Said;
import java.util.ArrayList;
import java.util.List;

/** Where the facts about one person are written down as they happen. Safe for use by several threads. */
final class Notebook {

    private final List<Said> said = new ArrayList<>();
    private final List<Published> published = new ArrayList<>();
    private final List<Attempt> attempts = new ArrayList<>();

    /** An app begins to say something, which is not sure yet. Returns its number. */
    synchronized int begin(String account, Deed deed, String device) {
        said.add(new Said(account, deed, device, System.currentTimeMillis(), NEVER));
        return said.size() - 1;
    }

    /** The server has it on disk. */
    synchronized void sure(int number) {
        Said begun = said.get(number);
        said.set(
                number,
                new Said(begun.account(), begun.deed(), begun.device(), begun.sent(), System.currentTimeMillis()));
    }

    /** An event is about to be published. Returns its number. */
    synchronized int published(Published event) {
        published.add(event);
        return published.size() - 1;
    }

    /** It was, and nobody was connected to the relay. */
    synchronized void unheard(int number) {
        Published event = published.get(number);
        published.set(
                number,
                new Published(event.event(), event.account(), event.kind(), event.createdAt(), event.at(), true));
    }

    synchronized void attempted(Attempt attempt) {
        attempts.add(attempt);
    }

    synchronized Facts facts(List<Run> runs, List<Cut> cuts, long pace) {
        return new Facts(said, published, attempts, runs, cuts, pace);
    }
}
