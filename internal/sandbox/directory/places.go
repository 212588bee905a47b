package directory

import "fmt"

// Admin is the address of the tenant's administrator.
func (t Tenant) Admin() string { return t.Accounts[0].UserPrincipalName }

func (t *Tenant) addGroups() {
	all := t.first(len(t.Accounts))
	for _, g := range []struct {
		name, alias string
		members     []string
	}{
		{"All Employees", "all", all},
		{"Leadership", "leadership", t.first(3)},
		{"Project Falcon", "falcon", all[1:]},
	} {
		t.Groups = append(t.Groups, Group{
			DisplayName:        g.name,
			Alias:              g.alias,
			PrimarySmtpAddress: t.address(g.alias),
			GroupType:          "Universal",
			ManagedBy:          []string{t.Admin()},
			Members:            g.members,
		})
	}
}

func (t *Tenant) addMessages() {
	subjects := []string{"Quarterly figures", "Re: Quarterly figures", "Invoice 4711", "Lunch on Friday?", "Server maintenance"}
	people := t.first(len(t.Accounts))
	for i := range 12 {
		m := Message{
			MessageTraceID:   GUID(fmt.Sprintf("%s/message/%d", t.DisplayName, i)),
			AgeMinutes:       7 + 95*i,
			SenderAddress:    people[i%len(people)],
			RecipientAddress: people[(i+1)%len(people)],
			Subject:          subjects[i%len(subjects)],
			Status:           "Delivered",
			Size:             18_000 + 3_791*i,
		}
		if i%5 == 4 {
			m.RecipientAddress, m.Status = "nobody@example.com", "Failed"
		}
		t.Messages = append(t.Messages, m)
	}
}

func (t *Tenant) addSites() {
	for _, s := range []struct{ title, path, template string }{
		{t.DisplayName, "/", "SITEPAGEPUBLISHING#0"},
		{"Finance", "/sites/finance", "GROUP#0"},
		{"Project Falcon", "/sites/falcon", "GROUP#0"},
	} {
		t.Sites = append(t.Sites, Site{
			Title:    s.title,
			Path:     s.path,
			Template: s.template,
			Owner:    t.Admin(),
			Lists: []List{
				{
					Title:        "Documents",
					ID:           GUID(t.DisplayName + s.path + "/documents"),
					URL:          "Shared Documents",
					BaseTemplate: 101,
					Items: []map[string]any{
						{"Title": "Plan", "FileLeafRef": "Plan.docx", "File_x0020_Size": 48_213},
						{"Title": "Budget", "FileLeafRef": "Budget.xlsx", "File_x0020_Size": 91_377},
					},
				},
				{
					Title:        "Tasks",
					ID:           GUID(t.DisplayName + s.path + "/tasks"),
					URL:          "Lists/Tasks",
					BaseTemplate: 100,
					Items: []map[string]any{
						{"Title": "Write the agenda", "Status": "In Progress", "AssignedTo": t.Admin()},
						{"Title": "Book the room", "Status": "Completed", "AssignedTo": t.Admin()},
						{"Title": "Send the invitations", "Status": "Not Started", "AssignedTo": t.Admin()},
					},
				},
			},
		})
	}
}

func (t *Tenant) addTeams() {
	people := t.first(len(t.Accounts))
	for _, d := range []struct{ name, nick, description, visibility string }{
		{"Sales and Marketing", "SalesAndMarketing", "What we sell and to whom", "Private"},
		{"Project Falcon", "ProjectFalcon", "The new product line", "Private"},
		{"Coffee Corner", "CoffeeCorner", "Everything else", "Public"},
	} {
		t.Teams = append(t.Teams, Team{
			GroupID:      GUID(t.DisplayName + "/team/" + d.nick),
			DisplayName:  d.name,
			MailNickName: d.nick,
			Description:  d.description,
			Visibility:   d.visibility,
			Owners:       people[:1],
			Members:      people[1:],
			Channels:     []string{"General", "Announcements"},
		})
	}
}

func (t *Tenant) addSubscriptions() {
	for _, s := range []struct {
		name   string
		groups []ResourceGroup
	}{
		{t.DisplayName + " Production", []ResourceGroup{
			{"rg-web", "westeurope"}, {"rg-data", "westeurope"}, {"rg-network", "northeurope"},
		}},
		{t.DisplayName + " Development", []ResourceGroup{{"rg-dev", "westeurope"}}},
	} {
		t.Subscriptions = append(t.Subscriptions, Subscription{
			ID:             GUID(t.DisplayName + "/subscription/" + s.name),
			Name:           s.name,
			State:          "Enabled",
			ResourceGroups: s.groups,
		})
	}
}
