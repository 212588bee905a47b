using System;
using System.Collections.Generic;
using System.Management.Automation;
using System.Threading;

namespace MM;

/// <summary>Analyses scripts on a thread of its own, because the parser cannot be interrupted: an answer comes within the
/// deadline even where the parser takes minutes over a few kilobytes. A short script, over which it takes no time, is
/// analysed at once by who brings it: waking a thread would cost as much again.</summary>
sealed class Analyzer
{
    const int StackSize = 256 << 20; // reserved, not used: a chain of members is a tree as deep as it is long
    const int MaxWaiting = 16;
    const int Deadline = 3000; // ms
    const int MaxScript = 64 << 10;
    const int ShortScript = 1000;

    readonly Resolver resolver;
    readonly Outbox outbox;
    readonly object changing = new object();
    readonly Queue<(string Id, string Script)> waiting = new();
    readonly Timer timer;
    string current; // the id that is worked on and not answered
    bool stuck;     // the thread works on something that was answered already
    bool warm;      // the thread has made the first analysis

    public Analyzer(Session session, Outbox outbox)
    {
        this.outbox = outbox;
        resolver = new Resolver(session);
        timer = new Timer(_ => GiveUp());
        new Thread(Work, StackSize) { IsBackground = true, Name = "mm analyzer" }.Start();
    }

    /// <summary>Queues a script; false where too many wait.</summary>
    public bool Start(string id, string script)
    {
        string refusal = script.Length > MaxScript ? "the script has more than 65,536 characters" : null;
        lock (changing)
        {
            if (refusal == null && stuck) refusal = "PowerShell's parser is still busy with an earlier script";
            bool now = script.Length <= ShortScript && warm && current == null && waiting.Count == 0;
            if (refusal == null && !now)
            {
                if (waiting.Count >= MaxWaiting) return false;
                waiting.Enqueue((id, script));
                Monitor.Pulse(changing);
                return true;
            }
        }
        // The thread stays asleep meanwhile: only the caller gives it work.
        Answer(id, refusal == null ? Analyze(script) : new Facts { TooComplex = refusal });
        return true;
    }

    Facts Analyze(string script)
    {
        try { return Facts.Of(script, resolver); }
        catch (InsufficientExecutionStackException) { return new Facts { TooComplex = "the script is nested too deeply" }; }
        catch (Exception e) { return new Facts { TooComplex = "the analysis failed: " + e.Message }; }
    }

    void Work()
    {
        // The first analysis takes a hundred times as long as the next; nobody should wait for that.
        Facts.Of("Get-Item a -Force; $x = @('a', \"b$c\") | % { [math]::Abs(-1) }; function f { & $y @z > $null }", resolver);
        resolver.LoadBuiltIn();
        for (;;)
        {
            string id, script;
            lock (changing)
            {
                stuck = false;
                warm = true;
                while (waiting.Count == 0) Monitor.Wait(changing);
                (id, script) = waiting.Dequeue();
                current = id;
                timer.Change(Deadline, Timeout.Infinite);
            }
            Facts facts = Analyze(script);
            if (Settle(id)) Answer(id, facts);
        }
    }

    /// <summary>True for the one who may answer.</summary>
    bool Settle(string id)
    {
        lock (changing)
        {
            if (current != id) return false;
            current = null;
            timer.Change(Timeout.Infinite, Timeout.Infinite);
            return true;
        }
    }

    /// <summary>Answers in place of the thread that takes too long, and for those who wait for it.</summary>
    void GiveUp()
    {
        var given = new List<string>();
        lock (changing)
        {
            if (current == null) return;
            given.Add(current);
            current = null;
            stuck = true;
            while (waiting.Count > 0) given.Add(waiting.Dequeue().Id);
        }
        foreach (string id in given) Answer(id, new Facts { TooComplex = "PowerShell's parser took more than 3 seconds" });
    }

    void Answer(string id, Facts facts) => outbox.Send(json =>
    {
        json.WriteString("op", "analysis");
        json.WriteString("id", id);
        json.WritePropertyName("facts");
        facts.Write(json);
    });
}
