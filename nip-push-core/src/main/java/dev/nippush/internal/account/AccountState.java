package dev.nippush.internal.account;

import dev.nippush.account.Account;
import dev.nippush.account.Registration;
import dev.nippush.internal.presence.Presence;
import dev.nippush.time.EngineTime.Timer;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** An account in memory. The shard's lane writes; other threads only read {@link #account}. */
final class AccountState {

    volatile Account account;
    Presence presence = Presence.OFFLINE;

    /** Until when the client's own heartbeats made it ONLINE; only of meaning while it is. */
    long provedUntil;

    final HeldEvents held;

    @Nullable
    Timer timer;

    AccountState(Account account) {
        this.account = account;
        this.held = new HeldEvents(account.pubkey());
    }

    Optional<Registration> registration() {
        return account.registration();
    }

    boolean isOnline() {
        return presence instanceof Presence.Online;
    }

    void cancelTimer() {
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
    }
}
