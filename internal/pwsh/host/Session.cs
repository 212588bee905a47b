using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Threading;

namespace MM;

/// <summary>The runspace in which users' commands run, one after another, on one thread that lives as long as the process
/// (what PowerShell calls ReuseThread). The thread is ours, so that a result leaves from it without another change of
/// threads.</summary>
sealed class Session
{
    // Enough for 2,800 nested calls. Unwinding a script that calls itself for ever cannot be interrupted, and takes with the
    // square of the depth: 4 s with 2 MB, 70 s with 8.
    const int StackSize = 2 << 20;

    public readonly Runspace Runspace;
    /// <summary>Held while a command runs; who wants to look into the idle session takes it.</summary>
    public readonly object Gate = new object();

    public readonly ErrorView Errors;

    readonly Outbox outbox;
    readonly CultureInfo culture;
    readonly Screen screen = new Screen();
    readonly object changing = new object(); // guards what follows
    Request next;
    bool collect, busy, cancelled;
    string running;
    PowerShell stoppable;

    public Session(Outbox outbox, CultureInfo culture)
    {
        this.outbox = outbox;
        this.culture = culture;
        InitialSessionState state = InitialSessionState.CreateDefault2();
        var terminal = new Terminal(screen, culture);
        Errors = new ErrorView(this, terminal);
        Runspace = RunspaceFactory.CreateRunspace(terminal, state);
        Runspace.ThreadOptions = PSThreadOptions.UseCurrentThread;
        Runspace.Open();
        new Thread(Work, StackSize) { IsBackground = true, Name = "mm session" }.Start();
    }

    /// <summary>True while a command runs.</summary>
    public bool Busy
    {
        get { lock (changing) return busy; }
    }

    /// <summary>Starts a command; false where one runs already.</summary>
    public bool Start(Request request)
    {
        lock (changing)
        {
            if (busy) return false;
            busy = true;
            cancelled = false;
            running = request.Id;
            next = request;
            Monitor.Pulse(changing);
            return true;
        }
    }

    /// <summary>Asks the command of that id to stop; nothing happens where it does not run.</summary>
    public void Cancel(string id)
    {
        PowerShell shell;
        lock (changing)
        {
            if (!busy || running != id) return;
            cancelled = true;
            shell = stoppable;
        }
        Stop(shell);
    }

    /// <summary>Gives memory back when nothing runs: large results stay in the heap otherwise.</summary>
    public void Collect()
    {
        lock (changing)
        {
            if (busy) return;
            collect = true;
            Monitor.Pulse(changing);
        }
    }

    void Work()
    {
        for (;;)
        {
            Request request;
            lock (changing)
            {
                while (next == null && !collect) Monitor.Wait(changing);
                request = next;
                next = null;
                collect = false;
            }
            if (request == null)
            {
                GC.Collect(2, GCCollectionMode.Aggressive, true, true);
                continue;
            }
            lock (Gate) Run(request);
        }
    }

    /// <summary>Runs one command, and sends its one answer.</summary>
    void Run(Request request)
    {
        Prepare();
        var capture = new Capture(request, outbox);
        screen.Capture = capture;
        try
        {
            if (request.Op == "invoke") Script.Run(this, request, capture);
            else ModuleCall.Run(this, request, capture);
        }
        catch (Exception e)
        {
            capture.Fail(e);
        }
        screen.Capture = null;
        capture.Close();
        string poisoned = Poison();
        outbox.Send(json =>
        {
            // Nobody sees the answer before the session takes the next command.
            lock (changing)
            {
                busy = false;
                running = null;
                stoppable = null;
            }
            capture.Write(json, poisoned);
        });
    }

    /// <summary>Puts right what a command may have left on the thread. What belongs to the user (preferences, variables,
    /// location) stays.</summary>
    void Prepare()
    {
        Runspace.DefaultRunspace = Runspace;
        CultureInfo.CurrentCulture = culture;
        CultureInfo.CurrentUICulture = culture;
        PSStyle.Instance.OutputRendering = OutputRendering.PlainText;
        try { Runspace.Debugger?.SetDebugMode(DebugModes.None); } // or Wait-Debugger hangs and Set-PSDebug may end the process
        catch (Exception) { }
    }

    /// <summary>Why the session must not be used any more, or null.</summary>
    string Poison()
    {
        if (Runspace.RunspaceStateInfo.State != RunspaceState.Opened)
            return "the runspace is " + Runspace.RunspaceStateInfo.State.ToString().ToLowerInvariant();
        try
        {
            if (Runspace.SessionStateProxy.LanguageMode != PSLanguageMode.FullLanguage)
                return "the language mode is " + Runspace.SessionStateProxy.LanguageMode;
        }
        catch (Exception e)
        {
            return "the runspace does not answer: " + e.Message;
        }
        return null;
    }

    /// <summary>Runs the pipeline of shell such that Cancel finds it. It throws PipelineStoppedException where it was stopped.
    /// </summary>
    public void Invoke(PowerShell shell, Runspace runspace, IEnumerable input, IList<PSObject> output)
    {
        shell.Runspace = runspace;
        lock (changing)
        {
            if (cancelled) throw new PipelineStoppedException();
            stoppable = shell;
        }
        // A cancel that came before the pipeline began to run found nothing to stop.
        shell.InvocationStateChanged += (sender, change) =>
        {
            if (change.InvocationStateInfo.State != PSInvocationState.Running) return;
            lock (changing) if (!cancelled) return;
            Stop(shell);
        };
        try { shell.Invoke(input, output, null); }
        catch (InvalidOperationException) when (Cancelled) { } // the stop came before the pipeline had begun
        finally { lock (changing) stoppable = null; }
        // A stop right at the beginning wakes a command that waits, and may leave the pipeline completed: half done is not done.
        if (Cancelled || shell.InvocationStateInfo.State == PSInvocationState.Stopped) throw new PipelineStoppedException();
    }

    /// <summary>True once the running command was asked to stop.</summary>
    public bool Cancelled
    {
        get { lock (changing) return cancelled; }
    }

    static void Stop(PowerShell shell)
    {
        try { shell?.BeginStop(null, null); }
        catch (ObjectDisposedException) { }
        catch (InvalidOperationException) { }
    }
}
